# Maps memory that is shared and so not counted as data.
# expect: BLOCKED
# layers: rlimits

import mmap

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        memory = mmap.mmap(-1, 1_000_000_000)
        for offset in range(0, len(memory), 4096):
            memory[offset] = 1
        return f"{len(memory)} bytes"
