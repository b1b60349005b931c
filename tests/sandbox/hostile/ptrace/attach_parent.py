# Takes control of its parent.
# expect: BLOCKED
# layers: seccomp

import os

from attack import Attack, call

PTRACE_SEIZE = 0x4206


class Bot(Attack):
    def attack(self) -> str:
        call("ptrace", PTRACE_SEIZE, os.getppid(), 0, 0)
        return "in control"
