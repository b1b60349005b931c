# Reads a file that every user of the machine may read.
# expect: BLOCKED
# layers: landlock

from pathlib import Path

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return Path(TARGET["readable"]).read_text()
