# Makes a pipe.
# expect: BLOCKED
# layers: seccomp

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"descriptors {os.pipe()}"
