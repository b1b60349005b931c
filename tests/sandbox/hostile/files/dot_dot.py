# Climbs out of its own folder.
# expect: BLOCKED
# layers: landlock

import os
from pathlib import Path

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        own = TARGET["own_folder"]
        return Path(own, os.path.relpath(TARGET["readable"], own)).read_text()
