# Makes a process that is its parent's child and not its own.
# expect: BLOCKED
# layers: seccomp

import os
import signal

from attack import Attack, call

CLONE_PARENT = 0x8000


class Bot(Attack):
    def attack(self) -> str:
        pid = call("clone", CLONE_PARENT | int(signal.SIGCHLD), 0, 0, 0, 0)
        if pid == 0:
            os._exit(0)
        return "a sibling"
