# Gives an infinite price.
# expect: RUNTIME_ERROR

from attack import Attack
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        return Action(Action.BUY, float("inf"), "BREACH: infinite")
