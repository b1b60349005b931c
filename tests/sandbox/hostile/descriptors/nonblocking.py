# Has its pipes never wait.
# expect: BLOCKED
# layers: seccomp

import fcntl
import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        flags = fcntl.fcntl(1, fcntl.F_GETFL)
        fcntl.fcntl(1, fcntl.F_SETFL, flags | os.O_NONBLOCK)
        fcntl.fcntl(1, fcntl.F_SETFL, flags)
        return "set"
