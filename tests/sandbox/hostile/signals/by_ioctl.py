# Names the platform as the owner of a pipe by ioctl.
# expect: BLOCKED
# layers: seccomp
# unconfined: pipes do not take it there; the number counts

import fcntl
import struct

from attack import TARGET, Attack

FIOSETOWN = 0x8901


class Bot(Attack):
    def attack(self) -> str:
        fcntl.ioctl(1, FIOSETOWN, struct.pack("i", TARGET["host"]))
        return "set"
