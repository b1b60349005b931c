# Changes what being root means.
# expect: BLOCKED
# layers: seccomp capabilities

from attack import Attack, prctl

PR_SET_SECUREBITS, KEEP_CAPS = 28, 16


class Bot(Attack):
    def attack(self) -> str:
        prctl(PR_SET_SECUREBITS, KEEP_CAPS)
        return "changed"
