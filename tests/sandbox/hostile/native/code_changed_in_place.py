# Takes a library's code out of execution, changes it, and puts it back.
# expect: BLOCKED
# layers: seccomp

import ctypes
import mmap
import sys

from attack import Attack, call

EXTENSION = "_queue"  # of a library that nothing here uses while it is changed


class Bot(Attack):
    def attack(self) -> str:
        __import__(EXTENSION)
        library = ctypes.CDLL(sys.modules[EXTENSION].__file__)
        address = ctypes.cast(library.PyInit__queue, ctypes.c_void_p).value or 0
        page = address & ~(mmap.PAGESIZE - 1)
        call("mprotect", page, mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_WRITE)
        ctypes.memset(address, 0xC3, 1)
        call("mprotect", page, mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_EXEC)
        return "changed"
