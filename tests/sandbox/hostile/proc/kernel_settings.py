# Opens a setting of the kernel for writing: what it runs when a process crashes.
# expect: BLOCKED
# layers: seccomp landlock uid

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"descriptor {os.open('/proc/sys/kernel/core_pattern', os.O_WRONLY)}"
