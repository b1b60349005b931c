# Rearranges the pages of a mapped file.
# expect: BLOCKED
# layers: seccomp

import ctypes
import mmap

from attack import Attack, call


class Bot(Attack):
    def attack(self) -> str:
        memory = mmap.mmap(-1, 8192)
        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        call("remap_file_pages", address, 4096, 0, 1, 0)
        return "rearranged"
