# Reads a file outside by a link to its folder.
# expect: BLOCKED
# layers: landlock

from pathlib import Path

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return Path(TARGET["own_folder"], "link", "readable").read_text()
