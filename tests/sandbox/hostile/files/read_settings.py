# Reads the platform's settings.
# expect: BLOCKED
# layers: landlock

from pathlib import Path

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return (Path(TARGET["project"]) / "marketplace" / "settings" / "base.py").read_text()[:40]
