# Makes a second process by the call below fork.
# expect: BLOCKED
# layers: seccomp

import os
import signal

from attack import Attack, call


class Bot(Attack):
    def attack(self) -> str:
        pid = call("clone", int(signal.SIGCHLD), 0, 0, 0, 0)
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        return "cloned"
