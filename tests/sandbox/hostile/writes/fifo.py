# Makes a named pipe to talk with another bot.
# expect: BLOCKED
# layers: seccomp landlock

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        os.mkfifo(TARGET["marker"])
        return "made a pipe"
