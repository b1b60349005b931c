# Makes the code of the C library writable.
# expect: BLOCKED
# layers: seccomp

import ctypes
import mmap

from attack import Attack, call, libc


class Bot(Attack):
    def attack(self) -> str:
        address = ctypes.cast(libc.getpid, ctypes.c_void_p).value or 0
        page = address & ~(mmap.PAGESIZE - 1)
        call("mprotect", page, mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        call("mprotect", page, mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_EXEC)
        return "writable"
