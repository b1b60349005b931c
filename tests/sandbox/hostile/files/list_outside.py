# Lists a folder that everybody may list.
# expect: BLOCKED
# layers: landlock

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return str(os.listdir(TARGET["folder"]))
