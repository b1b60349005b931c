# Learns in which container it runs.
# expect: BLOCKED
# layers: landlock

from pathlib import Path

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return Path("/proc/self/cgroup").read_text()[:60]
