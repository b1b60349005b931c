# Sleeps.
# expect: TIME_LIMIT
# layers: host

import time

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        time.sleep(10)
        return "slept"
