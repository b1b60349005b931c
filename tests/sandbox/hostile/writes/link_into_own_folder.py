# Gives another's file a name in its own folder, which it may read.
# expect: BLOCKED
# layers: seccomp landlock uid

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        path = f"{TARGET['own_folder']}/theirs"
        os.link(TARGET["readable"], path)
        with open(path) as file:
            return file.read()
