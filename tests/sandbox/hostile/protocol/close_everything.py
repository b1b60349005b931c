# Closes all its descriptors.
# expect: PROTOCOL_ERROR | RUNTIME_ERROR

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        os.closerange(0, 64)
        return "closed"
