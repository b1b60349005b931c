# Learns what is mounted where.
# expect: BLOCKED
# layers: landlock

from pathlib import Path

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return Path("/proc/self/mountinfo").read_text()[:60]
