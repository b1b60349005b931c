# Puts another descriptor in the place of one.
# expect: BLOCKED
# layers: seccomp

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"descriptor {os.dup2(1, 50)}"
