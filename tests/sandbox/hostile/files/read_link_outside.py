# Learns where a link outside points to. Borne: Landlock knows no such right, and nothing secret stands in a link.
# expect: NOT_STOPPED
# tiers: A=BLOCKED
# layers: namespaces

import os

from attack import TARGET, Attack


class Bot(Attack):
    def attack(self) -> str:
        return os.readlink(TARGET["link"])
