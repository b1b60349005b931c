# Opens its own code for reading and then that descriptor for writing.
# expect: BLOCKED
# layers: landlock seccomp uid

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        number = os.open(f"{TARGET['own_folder']}/bot.py", os.O_RDONLY)
        return f"descriptor {os.open(f'/proc/self/fd/{number}', os.O_RDWR)}"
