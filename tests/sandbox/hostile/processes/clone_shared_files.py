# Makes a process that shares its table of descriptors.
# expect: BLOCKED
# layers: seccomp

import os
import signal

from attack import Attack, call

CLONE_FS, CLONE_FILES = 0x200, 0x400


class Bot(Attack):
    def attack(self) -> str:
        pid = call("clone", CLONE_FS | CLONE_FILES | int(signal.SIGCHLD), 0, 0, 0, 0)
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        return "cloned"
