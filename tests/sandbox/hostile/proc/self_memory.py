# Reads its memory through a file.
# expect: BLOCKED
# layers: landlock

import ctypes

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        buffer = ctypes.create_string_buffer(b"mine")
        with open("/proc/self/mem", "rb", buffering=0) as memory:
            memory.seek(ctypes.addressof(buffer))
            return str(memory.read(4))
