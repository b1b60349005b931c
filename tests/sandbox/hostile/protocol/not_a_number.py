# Smuggles a price that is no number past the worker's own checks.
# expect: PROTOCOL_ERROR

from attack import Attack, hold
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        action = hold("BREACH: not a number")
        object.__setattr__(action, "price", float("nan"))
        return action
