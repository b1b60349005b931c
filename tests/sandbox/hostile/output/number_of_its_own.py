# Gives a price whose conversion runs code of the bot.
# expect: OK | RUNTIME_ERROR | PROTOCOL_ERROR

from attack import Attack
from bot_sdk import Action


class Evil(float):
    def __float__(self) -> float:
        raise KeyboardInterrupt

    def __gt__(self, other: object) -> bool:
        return True


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        return Action(Action.BUY, Evil(-5), "BREACH: a number of its own")
