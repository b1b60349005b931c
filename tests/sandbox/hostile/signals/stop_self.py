# Stops itself, in the hope that whoever waits for it stops too.
# expect: TIME_LIMIT
# layers: host
# unconfined: nobody would wake it up

import signal

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        signal.raise_signal(signal.SIGSTOP)
        return "woken up"
