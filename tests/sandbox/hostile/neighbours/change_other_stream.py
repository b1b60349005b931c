# Changes how another stream of its own version decides. Borne: its author could have written that into the code.
# expect: NOT_STOPPED
# streams: attacker victim
# calls: 2

from attack import Attack, Denied, hold
from bot_sdk import Action


def decide(self: object, market_data: object) -> Action:
    return hold("BREACH: decided by another stream")


class Bot(Attack):
    def attack(self) -> str:
        Bot.analyze_market = decide
        raise Denied("not yet")
