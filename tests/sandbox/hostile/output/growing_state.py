# Keeps twice as much after every candle.
# expect: OUTPUT_LIMIT
# calls: 20

from attack import Attack, hold
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        self.state["x"] = self.state.get("x", "y") * 2
        return hold("kept")
