# Reads a file's extended attributes.
# expect: BLOCKED
# layers: seccomp

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return str(os.listxattr(TARGET["readable"]))
