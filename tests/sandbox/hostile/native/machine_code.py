# Writes machine code to memory and makes it executable afterwards.
# expect: BLOCKED
# layers: seccomp

import ctypes
import mmap
import os

from attack import Attack, call

# return 42
CODE = {"x86_64": b"\xb8\x2a\x00\x00\x00\xc3", "aarch64": b"\x40\x05\x80\x52\xc0\x03\x5f\xd6"}


class Bot(Attack):
    def attack(self) -> str:
        memory = mmap.mmap(-1, 4096)
        memory.write(CODE[os.uname().machine])
        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        call("mprotect", address, 4096, mmap.PROT_READ | mmap.PROT_EXEC)
        return f"machine code says {ctypes.CFUNCTYPE(ctypes.c_int)(address)()}"
