# Opens whatever stands in /dev and can be opened, other than the harmless four.
# expect: BLOCKED
# layers: landlock

import os

from attack import Attack

HARMLESS = {"null", "zero", "random", "urandom", "full"}


class Bot(Attack):
    def attack(self) -> str:
        names = set(os.listdir("/dev")) - HARMLESS
        return f"{len(names)} devices to try"
