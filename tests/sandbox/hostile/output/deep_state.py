# Keeps a state nested ten thousand deep.
# expect: RUNTIME_ERROR

from attack import Attack, hold
from bot_sdk import Action


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        inner: list[object] = []
        for _ in range(10_000):
            inner = [inner]
        self.state["x"] = inner
        return hold("kept")
