# Keeps keys that are different to Python and the same in JSON.
# expect: OK

from attack import Attack, hold
from bot_sdk import Action


class Key(str):
    __slots__ = ()

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        self.state = {Key("x"): 1, Key("x"): 2, "x": 3}
        return hold("kept")
