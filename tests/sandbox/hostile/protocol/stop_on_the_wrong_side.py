# Smuggles a stop loss above the price of a purchase past the worker's own checks.
# expect: PROTOCOL_ERROR

from attack import Attack
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        action = Action(Action.BUY, 100.0, "BREACH: upside down")
        object.__setattr__(action, "stop_loss", 200.0)
        return action
