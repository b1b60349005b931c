# Gives a reason of a million characters.
# expect: OUTPUT_LIMIT

from attack import Attack, hold
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        return hold("BREACH" * 200_000)
