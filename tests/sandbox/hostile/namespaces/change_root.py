# Changes its root, the start of the classic way out of one.
# expect: BLOCKED
# layers: seccomp capabilities

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        os.chroot(TARGET["own_folder"])
        return "changed"
