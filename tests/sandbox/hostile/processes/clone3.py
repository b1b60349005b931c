# Makes a second process by the newest call there is.
# expect: BLOCKED
# layers: seccomp

import os
import signal
import struct

from attack import Attack, call


class Bot(Attack):
    def attack(self) -> str:
        arguments = struct.pack("8Q", 0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
        pid = call("clone3", arguments, len(arguments))
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        return "cloned"
