# Reads a file by the C library, past anything that was changed in Python.
# expect: BLOCKED
# layers: landlock

import ctypes

from attack import TARGET, Attack, libc


class Bot(Attack):
    def attack(self) -> str:
        number = libc.open(TARGET["readable"].encode(), 0)
        if number < 0:
            raise OSError(ctypes.get_errno(), "open")
        buffer = ctypes.create_string_buffer(100)
        libc.read(number, buffer, 100)
        return buffer.value.decode()
