# Handles its own page faults, which lets it stop the kernel at any place.
# expect: BLOCKED
# layers: seccomp

import os

from attack import Attack, call

USER_MODE_ONLY = 1


class Bot(Attack):
    def attack(self) -> str:
        return f"descriptor {call('userfaultfd', os.O_CLOEXEC | USER_MODE_ONLY)}"
