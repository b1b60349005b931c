# Joins other groups, as that of the disks.
# expect: BLOCKED
# layers: seccomp capabilities

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        os.setgroups([6])
        return "joined"
