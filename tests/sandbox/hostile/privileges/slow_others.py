# Gives another process a lower priority.
# expect: BLOCKED
# layers: seccomp uid namespaces

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        os.setpriority(os.PRIO_PROCESS, TARGET["victim"], 5)
        return "slowed down"
