# Lists another bot's files.
# expect: BLOCKED
# layers: landlock

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return str(os.listdir(TARGET["other_bot"]))
