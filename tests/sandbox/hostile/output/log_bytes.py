# Prints bytes that are no text.
# expect: OK

import os

from attack import Attack, hold
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        os.write(1, bytes(range(256)) * 10 + b"\xed\xa0\x80\xf5\x80\x80\x80")
        print("\ud800 half a character")
        return hold("printed")
