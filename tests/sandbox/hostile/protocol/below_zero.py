# Smuggles a negative price past the worker's own checks.
# expect: PROTOCOL_ERROR

from attack import Attack, hold
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        action = hold("BREACH: below zero")
        object.__setattr__(action, "price", -1.0)
        return action
