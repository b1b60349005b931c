# Reads the environment of the platform's process, where its keys are.
# expect: BLOCKED
# layers: landlock uid namespaces

from pathlib import Path

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        content = Path(f"/proc/{TARGET['host']}/environ").read_bytes()
        return f"{len(content)} bytes"
