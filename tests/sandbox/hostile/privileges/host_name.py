# Renames the machine.
# expect: BLOCKED
# layers: seccomp capabilities

import os

from attack import Attack, call


class Bot(Attack):
    def attack(self) -> str:
        name = os.uname().nodename.encode()
        call("sethostname", name, len(name))
        return "named"
