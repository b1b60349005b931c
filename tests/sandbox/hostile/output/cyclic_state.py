# Keeps a state that contains itself.
# expect: RUNTIME_ERROR

from attack import Attack, hold
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        self.state["x"] = [self.state]
        return hold("kept")
