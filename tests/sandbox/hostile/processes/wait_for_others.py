# Takes the end of processes that are not its own to wait for.
# expect: BLOCKED
# layers: seccomp kernel
# unconfined: it has no children there either

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return str(os.waitpid(-1, os.WNOHANG))
