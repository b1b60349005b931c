# Creates an empty file: no limit of a file's size is in the way.
# expect: BLOCKED
# layers: seccomp landlock

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"descriptor {os.open(TARGET['marker'], os.O_CREAT | os.O_EXCL | os.O_RDONLY)}"
