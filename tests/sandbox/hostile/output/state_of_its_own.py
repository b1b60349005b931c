# Keeps a dictionary whose methods show something else at every look.
# expect: OK | RUNTIME_ERROR | PROTOCOL_ERROR

from collections.abc import Iterator
from typing import Any

from attack import Attack, hold
from bot_sdk import Action


class Changing(dict[str, Any]):
    looks = 0

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def values(self) -> Any:
        return ()

    def items(self) -> Any:
        Changing.looks += 1
        return [("x", float("nan")), (1, 2), ("y", "\0")]


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        self.state = Changing(x=1)
        return hold("kept")
