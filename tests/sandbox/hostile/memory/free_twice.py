# Confuses the C library's memory.
# expect: RUNTIME_ERROR
# layers: host
# error: crashed
# unconfined: it crashes there as well

import ctypes

from attack import Attack, libc


class Bot(Attack):
    def attack(self) -> str:
        libc.malloc.restype = ctypes.c_void_p
        piece = ctypes.c_void_p(libc.malloc(5000) + 8)
        libc.free(piece)
        libc.free(piece)
        return "confused"
