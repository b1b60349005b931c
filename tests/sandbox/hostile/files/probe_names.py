# Finds out by guessing which files there are. Borne: names and sizes, never contents; tier A shows nothing to guess at.
# expect: NOT_STOPPED
# tiers: A=BLOCKED
# layers: namespaces

import os

from attack import TARGET, Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        if not os.access(TARGET["private"], os.F_OK):
            raise Denied("nothing there")
        return f"{TARGET['private']} exists"
