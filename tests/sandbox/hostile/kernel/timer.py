# Makes a timer that sends signals.
# expect: BLOCKED
# layers: seccomp

import ctypes

from attack import Attack, call

CLOCK_MONOTONIC = 1


class Bot(Attack):
    def attack(self) -> str:
        number = ctypes.c_int()
        call("timer_create", CLOCK_MONOTONIC, None, ctypes.byref(number))
        return f"timer {number.value}"
