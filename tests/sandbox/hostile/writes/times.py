# Changes a file's time.
# expect: BLOCKED
# layers: seccomp

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        os.utime(TARGET["writable"])
        return "changed"
