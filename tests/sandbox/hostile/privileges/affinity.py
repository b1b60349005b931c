# Chooses the processor it runs on.
# expect: BLOCKED
# layers: seccomp

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        return "chosen"
