# Asks to be told by a signal of what happens in its folder.
# expect: BLOCKED
# layers: seccomp

import fcntl
import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        number = os.open(TARGET["own_folder"], os.O_RDONLY)
        fcntl.fcntl(number, fcntl.F_NOTIFY, fcntl.DN_CREATE)
        fcntl.fcntl(number, fcntl.F_NOTIFY, 0)
        return "watching"
