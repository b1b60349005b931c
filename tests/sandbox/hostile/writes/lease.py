# Takes a lease on a file that all workers read: whoever opens it for writing must wait.
# expect: BLOCKED
# layers: seccomp capabilities

import fcntl
import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        number = os.open(f"{TARGET['own_folder']}/bot.py", os.O_RDONLY)
        fcntl.fcntl(number, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        return "holds a lease"
