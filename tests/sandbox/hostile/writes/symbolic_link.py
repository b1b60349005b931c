# Leaves a symbolic link.
# expect: BLOCKED
# layers: seccomp landlock

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        os.symlink("/etc/passwd", TARGET["marker"])
        return "linked"
