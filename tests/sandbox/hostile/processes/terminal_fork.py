# Makes a process at a terminal of its own.
# expect: BLOCKED
# layers: seccomp

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        pid, _ = os.forkpty()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        return "forked"
