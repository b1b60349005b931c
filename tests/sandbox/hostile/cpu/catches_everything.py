# Swallows every exception while it spins.
# expect: TIME_LIMIT
# layers: host

import time

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        stop = time.monotonic() + 10
        while time.monotonic() < stop:
            try:
                [].pop()
            except BaseException:
                continue
        return "spun"
