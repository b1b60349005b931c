# Spins when its objects are taken away, after the decision has been made.
# expect: TIME_LIMIT
# layers: host

import time

from attack import Attack


class Sticky:
    def __del__(self) -> None:
        time.sleep(10)


class Bot(Attack):
    def attack(self) -> str:
        self.kept = Sticky()
        del self.kept
        return "slept"
