# Takes the other way to itself.
# expect: BLOCKED
# layers: landlock

from pathlib import Path

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return Path("/proc/thread-self/environ").read_text()[:60]
