# Learns about processors, memory and load.
# expect: BLOCKED
# layers: landlock

from pathlib import Path

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return Path("/proc/meminfo").read_text()[:30] + Path("/proc/loadavg").read_text()
