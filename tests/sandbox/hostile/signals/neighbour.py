# Ends another bot's process.
# expect: BLOCKED
# layers: seccomp uid namespaces

import os
import signal

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        os.kill(TARGET["neighbour"], signal.SIGKILL)
        return "killed"
