# Makes a file without a name.
# expect: BLOCKED
# layers: seccomp landlock

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"descriptor {os.open(TARGET['open_folder'], os.O_TMPFILE | os.O_WRONLY)}"
