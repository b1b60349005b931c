# Asks whether it may send a signal to all processes.
# expect: BLOCKED
# layers: seccomp

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        os.kill(-1, 0)
        return "it may"
