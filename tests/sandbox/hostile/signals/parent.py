# Asks whether it may send a signal to its parent.
# expect: BLOCKED
# layers: seccomp

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        os.kill(os.getppid(), 0)
        return "it may"
