# Writes machine code over the C library, which /proc/self/mem allows to whoever may open it.
# expect: BLOCKED
# layers: landlock seccomp

import ctypes

from attack import Attack, libc


class Bot(Attack):
    def attack(self) -> str:
        address = ctypes.cast(libc.getpid, ctypes.c_void_p).value or 0
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(address)
            code = memory.read(1)
            memory.seek(address)
            memory.write(code)
        return "wrote into code"
