# Closes its pipes and has copies of its log take their numbers.
# expect: PROTOCOL_ERROR | RUNTIME_ERROR

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        os.close(3)
        os.close(4)
        os.dup(1)
        os.dup(1)
        return "swapped"
