# Opens a file by O_PATH, which is no opening for reading.
# expect: BLOCKED
# layers: seccomp

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"descriptor {os.open(TARGET['readable'], os.O_PATH)}"
