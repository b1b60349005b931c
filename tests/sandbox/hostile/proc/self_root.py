# Leaves by the link to its own root.
# expect: BLOCKED
# layers: landlock

from pathlib import Path

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return Path(f"/proc/self/root{TARGET['readable']}").read_text()
