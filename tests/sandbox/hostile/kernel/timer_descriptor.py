# Makes a timer that can be read.
# expect: BLOCKED
# layers: seccomp

from attack import Attack, call

CLOCK_MONOTONIC = 1


class Bot(Attack):
    def attack(self) -> str:
        return f"descriptor {call('timerfd_create', CLOCK_MONOTONIC, 0)}"
