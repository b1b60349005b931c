# Gives the largest price that there is.
# expect: OK

import sys

from attack import Attack
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        return Action(Action.HOLD, sys.float_info.max, "as large as can be")
