# Looks for descriptors that somebody left open.
# expect: BLOCKED
# layers: descriptors

import os
import stat

from attack import Attack, Denied


def what_is(number: int) -> str:
    mode = os.fstat(number).st_mode
    if stat.S_ISFIFO(mode):
        return "pipe"
    return "device" if stat.S_ISCHR(mode) else "other"


class Bot(Attack):
    def attack(self) -> str:
        found = {}
        for number in range(1024):
            try:
                found[number] = what_is(number)
            except OSError:
                continue
        if list(found.values()) == ["device", *["pipe"] * 4]:  # input, log twice, requests, replies
            raise Denied("only its own")
        return str(found)
