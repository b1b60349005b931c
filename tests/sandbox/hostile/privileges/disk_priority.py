# Gives itself a higher priority at the disk.
# expect: BLOCKED
# layers: seccomp

from attack import Attack, call

IOPRIO_WHO_PROCESS, BEST_EFFORT_0 = 1, 2 << 13


class Bot(Attack):
    def attack(self) -> str:
        call("ioprio_set", IOPRIO_WHO_PROCESS, 0, BEST_EFFORT_0)
        return "first at the disk"
