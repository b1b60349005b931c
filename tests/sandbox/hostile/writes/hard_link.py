# Gives a file a second name.
# expect: BLOCKED
# layers: seccomp landlock

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        os.link(TARGET["writable"], TARGET["marker"])
        return "linked"
