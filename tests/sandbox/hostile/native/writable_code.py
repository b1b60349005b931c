# Maps memory that is writable and executable.
# expect: BLOCKED
# layers: seccomp

import mmap

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        return "mapped"
