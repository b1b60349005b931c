# Has the kernel copy a library into the log.
# expect: BLOCKED
# layers: seccomp

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        number = os.open(os.__file__, os.O_RDONLY)
        return f"{os.sendfile(1, number, 0, 10)} bytes"
