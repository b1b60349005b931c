# Learns where what lies in the memory of the platform's process.
# expect: BLOCKED
# layers: landlock uid namespaces

from pathlib import Path

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return Path(f"/proc/{TARGET['host']}/maps").read_text()[:60]
