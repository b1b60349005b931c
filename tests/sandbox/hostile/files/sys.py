# Learns about the machine's network from /sys.
# expect: BLOCKED
# layers: landlock

import os
from pathlib import Path

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        os.listdir("/sys/class/net")
        return Path("/sys/class/net/lo/address").read_text()
