# Learns where what lies in its memory.
# expect: BLOCKED
# layers: landlock

from pathlib import Path

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return Path("/proc/self/maps").read_text()[:60]
