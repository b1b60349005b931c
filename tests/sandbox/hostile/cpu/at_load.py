# Spins before it is asked anything.
# expect: TIME_LIMIT
# start_up: 2
# layers: host

import time

from attack import Attack

STOP = time.monotonic() + 10
while time.monotonic() < STOP:
    pass


class Bot(Attack):
    def attack(self) -> str:
        return "spun"
