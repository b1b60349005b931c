# Makes memory executable by the call with protection keys.
# expect: BLOCKED
# layers: seccomp

import ctypes
import mmap

from attack import Attack, call


class Bot(Attack):
    def attack(self) -> str:
        memory = mmap.mmap(-1, 4096)
        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        call("pkey_mprotect", address, 4096, mmap.PROT_READ | mmap.PROT_EXEC, -1)
        return "executable"
