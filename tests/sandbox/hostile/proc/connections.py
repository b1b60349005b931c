# Lists all connections of the machine.
# expect: BLOCKED
# layers: landlock

from pathlib import Path

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"{len(Path('/proc/net/tcp').read_text())} characters"
