# Ends by the C library's abort.
# expect: RUNTIME_ERROR
# layers: host
# error: crashed (SIGABRT)
# unconfined: it ends there as well

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        os.abort()
