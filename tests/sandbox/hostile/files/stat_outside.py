# Learns the size and the time of a file that it cannot open.
# expect: NOT_STOPPED
# tiers: A=BLOCKED
# layers: namespaces

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"{os.stat(TARGET['readable']).st_size} bytes"
