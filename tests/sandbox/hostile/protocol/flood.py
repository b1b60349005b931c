# Writes without end where the reply belongs.
# expect: PROTOCOL_ERROR

import os

from attack import Attack, conversation


class Bot(Attack):
    def attack(self) -> str:
        pipe, *_ = conversation()
        for _ in range(1000):
            os.write(pipe, bytes(100_000))
        return "flooded"
