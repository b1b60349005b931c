# Opens the pipe of its log a second time, for reading. Borne: Landlock knows no pipes, and these are its own.
# expect: BLOCKED
# tiers: A=BLOCKED|NOT_STOPPED C=NOT_STOPPED
# layers: uid
# unconfined: needs pipes

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"descriptor {os.open('/proc/self/fd/1', os.O_RDONLY | os.O_NONBLOCK)}"
