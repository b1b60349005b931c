# Is a model file of a few kilobytes that unpacks to many gigabytes, for whoever unpacks it.
# expect: RUNTIME_ERROR | MEMORY_LIMIT | OK
# layers: rlimits
# unconfined: needs whoever unpacks it

from attack import Attack, hold
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        return hold(f"loaded {type(self.models['MODEL']).__name__}")
