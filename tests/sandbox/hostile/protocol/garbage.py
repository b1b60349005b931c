# Writes nonsense where the reply belongs.
# expect: PROTOCOL_ERROR

import os

from attack import Attack, conversation


class Bot(Attack):
    def attack(self) -> str:
        pipe, *_ = conversation()
        os.write(pipe, b"nonsense " * 100)
        return "written"
