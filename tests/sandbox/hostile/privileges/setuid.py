# Becomes root.
# expect: BLOCKED
# layers: seccomp capabilities

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        os.setresuid(0, 0, 0)
        return "root"
