# Is of a class whose name forges what the page about its files shows.
# expect: OK
# unconfined: needs a host to deceive

from attack import Attack, hold
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        return hold(f"loaded {type(self.models['MODEL']).__name__[:4]}")
