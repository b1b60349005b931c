# Has capabilities survive the start of a program.
# expect: BLOCKED
# layers: seccomp capabilities
# unconfined: nothing is inheritable there

from attack import Attack, prctl

PR_CAP_AMBIENT, RAISE, CAP_NET_RAW = 47, 2, 13


class Bot(Attack):
    def attack(self) -> str:
        prctl(PR_CAP_AMBIENT, RAISE, CAP_NET_RAW)
        return "raised"
