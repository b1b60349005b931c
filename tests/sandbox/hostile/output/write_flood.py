# Writes to its log without end, past Python's print.
# expect: OUTPUT_LIMIT

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        for _ in range(1000):
            os.write(2, bytes(100_000))
        return "written"
