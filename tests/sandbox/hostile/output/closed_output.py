# Closes what is printed to.
# expect: OK

import os
import sys

from attack import Attack, hold
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        sys.stdout.close()
        sys.stderr = None
        os.close(1)
        os.close(2)
        return hold("closed")
