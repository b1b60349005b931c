# Opens a library for writing that all workers use.
# expect: BLOCKED
# layers: seccomp landlock uid

import numpy

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        with open(numpy.__file__, "r+b"):
            return "numpy can be written"
