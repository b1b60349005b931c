# Gives itself a higher priority.
# expect: BLOCKED
# layers: seccomp capabilities

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"priority {os.nice(-5)}"
