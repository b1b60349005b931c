# Keeps an object that runs code when it is copied or unpickled.
# expect: RUNTIME_ERROR

import os

from attack import TARGET, Attack, hold
from bot_sdk import Action


class Evil:
    def __reduce__(self) -> object:
        return os.system, (f"echo here > {TARGET['marker']}",)


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        self.state["x"] = Evil()
        return hold("kept")
