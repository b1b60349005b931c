# Replaces the checks of Action in its own process; the host makes them again.
# expect: PROTOCOL_ERROR

from attack import Attack
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        Action.__post_init__ = lambda self: None  # type: ignore[method-assign]
        return Action(Action.BUY, float("inf"), "BREACH: patched")
