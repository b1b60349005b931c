# Makes a second process.
# expect: BLOCKED
# layers: seccomp

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        return "forked"
