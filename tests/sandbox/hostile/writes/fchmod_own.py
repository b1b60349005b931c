# Changes the rights of its own code by a descriptor that is open for reading.
# expect: BLOCKED
# layers: seccomp uid

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        number = os.open(f"{TARGET['own_folder']}/bot.py", os.O_RDONLY)
        os.fchmod(number, 0o666)
        return "everybody may write its code"
