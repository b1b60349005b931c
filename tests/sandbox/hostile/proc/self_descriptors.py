# Lists its descriptors.
# expect: BLOCKED
# layers: landlock

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return str(os.listdir("/proc/self/fd"))
