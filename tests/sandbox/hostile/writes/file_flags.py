# Reads and changes a file's flags by a descriptor that is open for reading.
# expect: BLOCKED
# layers: seccomp

import array
import fcntl
import os

from attack import TARGET, Attack

FS_IOC_GETFLAGS = 0x80086601


class Bot(Attack):
    def attack(self) -> str:
        number = os.open(f"{TARGET['own_folder']}/bot.py", os.O_RDONLY)
        flags = array.array("l", [0])
        fcntl.ioctl(number, FS_IOC_GETFLAGS, flags)
        return f"flags {flags[0]}"
