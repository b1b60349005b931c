# Reads the command line of the platform's process.
# expect: BLOCKED
# layers: landlock namespaces

from pathlib import Path

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return str(Path(f"/proc/{TARGET['host']}/cmdline").read_bytes()[:60])
