# Reads the machine's password hashes.
# expect: BLOCKED
# layers: landlock uid

from pathlib import Path

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"{len(Path('/etc/shadow').read_bytes())} bytes"
