# Reads a file of the user who runs the platform.
# expect: BLOCKED
# layers: landlock uid

from pathlib import Path

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return Path(TARGET["private"]).read_text()
