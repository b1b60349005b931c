# Makes a device.
# expect: BLOCKED
# layers: seccomp landlock

import os
import stat

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        os.mknod(TARGET["marker"], stat.S_IFCHR | 0o666, os.makedev(1, 3))
        return "made a device"
