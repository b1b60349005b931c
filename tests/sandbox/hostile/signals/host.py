# Asks whether it may send a signal to the platform's process.
# expect: BLOCKED
# layers: seccomp uid namespaces

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        os.kill(TARGET["host"], 0)
        return "it may"
