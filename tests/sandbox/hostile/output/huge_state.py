# Keeps a megabyte between candles.
# expect: OUTPUT_LIMIT

from attack import Attack, hold
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        self.state["x"] = "y" * 1_000_000
        return hold("kept")
