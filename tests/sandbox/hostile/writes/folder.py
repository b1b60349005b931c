# Makes a folder.
# expect: BLOCKED
# layers: seccomp landlock

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        os.mkdir(TARGET["marker"])
        return "made a folder"
