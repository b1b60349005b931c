# Gives a reason with half a character.
# expect: OK | PROTOCOL_ERROR

from attack import Attack, hold
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        return hold("half \ud800 a character")
