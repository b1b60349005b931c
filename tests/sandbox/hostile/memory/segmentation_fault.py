# Reads where nothing is.
# expect: RUNTIME_ERROR
# layers: host
# error: crashed (SIGSEGV)
# unconfined: it crashes there as well

import ctypes

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return str(ctypes.string_at(1))
