# Opens its parent's memory.
# expect: BLOCKED
# layers: landlock

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        with open(f"/proc/{os.getppid()}/mem", "rb"):
            return "open"
