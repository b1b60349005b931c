# Reserves more addresses than there is memory.
# expect: BLOCKED
# layers: rlimits

import mmap

from attack import Attack

MAP_NORESERVE = 0x4000


class Bot(Attack):
    def attack(self) -> str:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_NORESERVE
        return f"{len(mmap.mmap(-1, 1 << 40, flags))} addresses"
