# Makes a terminal of its own.
# expect: BLOCKED
# layers: seccomp landlock

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"descriptors {os.openpty()}"
