# Makes its log pipe larger, which takes the kernel's memory.
# expect: BLOCKED
# layers: seccomp

import fcntl

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"{fcntl.fcntl(1, fcntl.F_SETPIPE_SZ, 1 << 20)} bytes"
