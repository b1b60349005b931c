# Maps a file into memory by numpy.
# expect: BLOCKED
# layers: landlock

import numpy as np

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return bytes(np.memmap(TARGET["readable"], mode="r")).decode()
