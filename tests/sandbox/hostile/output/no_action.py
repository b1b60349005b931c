# Answers with nothing.
# expect: PROTOCOL_ERROR

from attack import Attack
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        return None  # type: ignore[return-value]
