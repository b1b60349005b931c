# Sets a timer whose signal comes after the call.
# expect: BLOCKED
# layers: seccomp

import signal

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        signal.setitimer(signal.ITIMER_REAL, 100)
        signal.setitimer(signal.ITIMER_REAL, 0)
        return "set"
