# Climbs out of the folder it was started in.
# expect: BLOCKED
# layers: landlock

from pathlib import Path

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return Path("../" * 20 + TARGET["readable"].lstrip("/")).read_text()
