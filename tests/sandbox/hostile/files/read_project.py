# Reads the platform's own code of the sandbox.
# expect: BLOCKED
# layers: landlock

from pathlib import Path

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return (Path(TARGET["project"]) / "bots" / "sandbox" / "host.py").read_text()[:40]
