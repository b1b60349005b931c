# Opens as many descriptors as it can, up to 2,000.
# expect: BLOCKED
# layers: descriptors

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        opened: list[int] = []
        try:
            while len(opened) < 2000:
                opened.append(os.dup(1))
        finally:
            for number in opened:
                os.close(number)
        return f"{len(opened)} descriptors"
