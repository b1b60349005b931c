# Goes to another folder and reads from there.
# expect: BLOCKED
# layers: seccomp landlock

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        os.chdir(TARGET["folder"])
        with open("readable") as file:
            return file.read()
