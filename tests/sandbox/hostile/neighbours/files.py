# Reads another bot's model file.
# expect: BLOCKED
# layers: landlock

from pathlib import Path

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return Path(TARGET["other_bot"], "weights.json").read_text()
