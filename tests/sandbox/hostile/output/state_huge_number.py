# Keeps numbers that not every reader of JSON can hold.
# expect: OK | RUNTIME_ERROR

from attack import Attack, hold
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        self.state = {"x": 10**4000, "y": 1e308, "z": -(2**63)}
        return hold("kept")
