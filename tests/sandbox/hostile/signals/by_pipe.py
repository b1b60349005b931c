# Has the kernel send a signal to the platform whenever its log pipe moves.
# expect: BLOCKED
# layers: seccomp

import fcntl

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        fcntl.fcntl(1, fcntl.F_SETOWN, TARGET["host"])
        owner = fcntl.fcntl(1, fcntl.F_GETOWN)
        fcntl.fcntl(1, fcntl.F_SETOWN, 0)
        return f"{owner} gets the signals"
