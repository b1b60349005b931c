# Joins root's group.
# expect: BLOCKED
# layers: seccomp capabilities

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        os.setresgid(0, 0, 0)
        return "root's group"
