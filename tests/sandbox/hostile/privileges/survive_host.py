# Undoes that it dies with its parent.
# expect: BLOCKED
# layers: seccomp

from attack import Attack, prctl

PR_SET_PDEATHSIG = 1


class Bot(Attack):
    def attack(self) -> str:
        prctl(PR_SET_PDEATHSIG, 0)
        return "will live on"
