# Reads the environment and the memory map of another bot's process.
# expect: BLOCKED
# layers: landlock namespaces

from pathlib import Path

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        folder = Path(f"/proc/{TARGET['neighbour']}")
        return f"{folder.joinpath('environ').read_bytes()!r} {folder.joinpath('maps').read_text()}"
