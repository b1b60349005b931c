# Computes without end.
# expect: TIME_LIMIT
# layers: host

import time

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        stop = time.monotonic() + 10
        while time.monotonic() < stop:
            pass
        return "spun"
