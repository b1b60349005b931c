# Opens a file by a call that not every filter knows.
# expect: BLOCKED
# layers: seccomp landlock

import os
import struct

from attack import TARGET, Attack, call

AT_FDCWD = -100


class Bot(Attack):
    def attack(self) -> str:
        how = struct.pack("QQQ", os.O_RDONLY, 0, 0)
        number = call("openat2", AT_FDCWD, TARGET["readable"].encode(), how, len(how))
        return os.read(number, 100).decode()
