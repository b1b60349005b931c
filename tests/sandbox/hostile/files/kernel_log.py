# Reads the kernel's log from its device.
# expect: BLOCKED
# layers: landlock uid

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        number = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        return str(os.read(number, 4096)[:30])
