# Makes a file system writable that was mounted for reading.
# expect: BLOCKED
# layers: seccomp capabilities

import struct

from attack import Attack, call

AT_FDCWD = -100


class Bot(Attack):
    def attack(self) -> str:
        call("mount_setattr", AT_FDCWD, b"/", 0, struct.pack("4Q", 0, 0, 0, 0), 32)
        return "changed"
