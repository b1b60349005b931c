# Makes a process in a user namespace by a call whose arguments no filter can see.
# expect: BLOCKED
# layers: seccomp

import os
import signal
import struct

from attack import Attack, call

CLONE_NEWUSER = 0x10000000


class Bot(Attack):
    def attack(self) -> str:
        arguments = struct.pack("8Q", CLONE_NEWUSER, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
        pid = call("clone3", arguments, len(arguments))
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        return "root of its own"
