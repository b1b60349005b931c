# Empties a file by opening it.
# expect: BLOCKED
# layers: seccomp landlock

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"descriptor {os.open(TARGET['writable'], os.O_RDONLY | os.O_TRUNC)}"
