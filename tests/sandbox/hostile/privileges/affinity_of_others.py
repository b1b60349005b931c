# Moves another process to a processor.
# expect: BLOCKED
# layers: seccomp uid namespaces

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        os.sched_setaffinity(TARGET["victim"], {0})
        return "moved"
