# Reads its parent's environment.
# expect: BLOCKED
# layers: landlock

import os
from pathlib import Path

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return str(Path(f"/proc/{os.getppid()}/environ").read_bytes())[:60]
