# Empties a file by its path, without opening it.
# expect: BLOCKED
# layers: seccomp landlock

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        os.truncate(TARGET["writable"], 0)
        return "emptied"
