# Sends a signal to its whole process group, which may hold more than itself.
# expect: BLOCKED
# layers: seccomp

import os
import signal

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        os.killpg(0, signal.SIGURG)
        return "sent"
