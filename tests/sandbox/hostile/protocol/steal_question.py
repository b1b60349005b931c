# Waits for the host's next question in the place of the worker.
# expect: TIME_LIMIT

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"{os.read(3, 1000)!r}"
