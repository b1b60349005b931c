# Makes one large array.
# expect: MEMORY_LIMIT
# layers: rlimits

import numpy as np

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"{np.ones(128_000_000).sum()} numbers"
