# Locks a file that all workers read.
# expect: BLOCKED
# layers: seccomp

import fcntl
import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        number = os.open(os.__file__, os.O_RDONLY)
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return "locked"
