# Makes the stack executable.
# expect: BLOCKED
# layers: seccomp

import ctypes
import mmap

from attack import Attack, call

PROT_GROWSDOWN = 0x1000000


class Bot(Attack):
    def attack(self) -> str:
        here = ctypes.c_char_p.in_dll(ctypes.CDLL(None), "environ")
        page = (ctypes.cast(here, ctypes.c_void_p).value or 0) & ~(mmap.PAGESIZE - 1)
        call("mprotect", page, mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_EXEC | mmap.PROT_WRITE)
        return "executable"
