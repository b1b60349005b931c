# Reads the files in its own folder, which it has been given already.
# expect: BLOCKED
# layers: landlock

from pathlib import Path

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return Path(TARGET["own_folder"], "bot.py").read_text()[:40]
