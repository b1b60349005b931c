# Writes nonsense to every descriptor there is.
# expect: PROTOCOL_ERROR

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        for number in range(3, 1024):
            try:
                os.write(number, b"nonsense " * 100)
            except OSError:
                continue
        return "written"
