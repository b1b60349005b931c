# Sorts and multiplies in C, holding Python's lock.
# expect: TIME_LIMIT
# layers: host

import numpy as np

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        objects = np.array(range(500_000, 0, -1), dtype=object)
        for _ in range(60):
            np.sort(objects * 3 % 7919)
        return "sorted"
