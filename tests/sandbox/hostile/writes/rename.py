# Renames a file.
# expect: BLOCKED
# layers: seccomp landlock

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        os.rename(TARGET["removable"], TARGET["marker"])
        return "renamed"
