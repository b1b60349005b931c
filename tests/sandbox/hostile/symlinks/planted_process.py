# Reads the environment of the platform's process by a link.
# expect: BLOCKED
# layers: landlock uid namespaces

from pathlib import Path

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"{len(Path(TARGET['own_folder'], 'link').read_bytes())} bytes"
