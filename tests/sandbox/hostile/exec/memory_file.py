# Makes a file in memory that others could be handed.
# expect: BLOCKED
# layers: seccomp

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"descriptor {os.memfd_create('file')}"
