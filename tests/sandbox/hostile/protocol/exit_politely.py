# Leaves by Python's own exit.
# expect: RUNTIME_ERROR
# error: SystemExit

import sys

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        sys.exit(0)
