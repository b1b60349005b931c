# Keeps its memory from ever being paged out.
# expect: BLOCKED
# layers: seccomp

from attack import Attack, call

MCL_CURRENT = 1


class Bot(Attack):
    def attack(self) -> str:
        call("mlockall", MCL_CURRENT)
        return "locked"
