# Answers with a kind of Action whose values change whenever they are looked at.
# expect: OK | PROTOCOL_ERROR | RUNTIME_ERROR

import itertools
from typing import Any

from attack import Attack
from bot_sdk import Action

PRICES = itertools.cycle([1.0, float("nan"), -1.0, float("inf")])


class Changing(Action):
    def __getattribute__(self, name: str) -> Any:
        return next(PRICES) if name == "price" else super().__getattribute__(name)


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        return Changing(Action.HOLD, 1.0, "changing")
