# Lets a small mapping grow.
# expect: BLOCKED
# layers: rlimits

import ctypes
import mmap

from attack import Attack, call

MAYMOVE = 1


class Bot(Attack):
    def attack(self) -> str:
        memory = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        call("mremap", address, 4096, 1_000_000_000, MAYMOVE)
        return "a gigabyte"
