# Reads its parent's limits.
# expect: BLOCKED
# layers: seccomp

import os
import resource

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return str(resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE))
