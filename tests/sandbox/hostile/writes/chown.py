# Takes over a file.
# expect: BLOCKED
# layers: seccomp

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        os.chown(TARGET["writable"], -1, -1)
        os.chown(TARGET["writable"], os.getuid(), os.getgid())
        return "took it over"
