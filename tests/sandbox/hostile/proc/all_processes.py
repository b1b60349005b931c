# Lists all processes of the machine.
# expect: BLOCKED
# layers: landlock

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return str([name for name in os.listdir("/proc") if name.isdigit()])
