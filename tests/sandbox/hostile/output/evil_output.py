# Puts an object in the place of standard output that fails at whatever is done with it.
# expect: OK | RUNTIME_ERROR

import sys

from attack import Attack, hold
from bot_sdk import Action


class Evil:
    def __getattr__(self, name: str) -> object:
        raise KeyboardInterrupt


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        sys.stdout = Evil()
        return hold("replaced")
