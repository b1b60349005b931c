# Lets other processes of its user read its memory again.
# expect: BLOCKED
# layers: seccomp

from attack import Attack, prctl

PR_SET_DUMPABLE = 4


class Bot(Attack):
    def attack(self) -> str:
        prctl(PR_SET_DUMPABLE, 1)
        return "dumpable"
