# Moves to another process group.
# expect: BLOCKED
# layers: seccomp
# unconfined: the leader of a session cannot leave its group

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        os.setpgid(0, 0)
        return "a group of its own"
