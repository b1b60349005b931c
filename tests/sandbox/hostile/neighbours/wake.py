# Wakes another bot's process, which is stopped, by a signal.
# expect: BLOCKED
# layers: seccomp uid namespaces

import os
import signal

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        os.kill(TARGET["neighbour"], signal.SIGCONT)
        return "woken up"
