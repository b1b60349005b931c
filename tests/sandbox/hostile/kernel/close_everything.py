# Closes a range of descriptors by one call.
# expect: BLOCKED
# layers: seccomp

from attack import Attack, call


class Bot(Attack):
    def attack(self) -> str:
        call("close_range", 1000, 1001, 0)
        return "closed"
