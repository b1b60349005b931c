# Leaves something in Python itself, and looks like a library, for whoever comes after it.
# expect: OK
# layers: zygote
# unconfined: there is no other

import builtins
import os
import sys

from attack import Attack, hold
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        builtins.left_behind = "for the next"
        os.environ["LEFT_BEHIND"] = "for the next"
        sys.modules["left_behind"] = sys
        return hold("left")
