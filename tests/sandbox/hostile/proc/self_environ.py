# Reads its environment from /proc.
# expect: BLOCKED
# layers: landlock

from pathlib import Path

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return str(Path("/proc/self/environ").read_bytes())[:60]
