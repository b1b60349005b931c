# Takes memory from the C library, which tells Python nothing.
# expect: BLOCKED
# layers: rlimits

import ctypes

from attack import Attack, Denied, libc


class Bot(Attack):
    def attack(self) -> str:
        libc.malloc.restype = ctypes.c_void_p
        for count in range(100):
            piece = libc.malloc(ctypes.c_size_t(10_000_000))
            if not piece:
                raise Denied(f"no more after {count} pieces")
            ctypes.memset(piece, 1, 10_000_000)
        return "a gigabyte"
