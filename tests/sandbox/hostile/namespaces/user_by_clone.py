# Makes a process in a user namespace.
# expect: BLOCKED
# layers: seccomp

import os
import signal

from attack import Attack, call

CLONE_NEWUSER = 0x10000000


class Bot(Attack):
    def attack(self) -> str:
        pid = call("clone", CLONE_NEWUSER | int(signal.SIGCHLD), 0, 0, 0, 0)
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        return "root of its own"
