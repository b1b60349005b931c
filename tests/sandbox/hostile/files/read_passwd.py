# Reads the list of the machine's users.
# expect: BLOCKED
# layers: landlock

from pathlib import Path

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return Path("/etc/passwd").read_text()[:40]
