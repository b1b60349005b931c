# Answers with something that only says that it is an Action.
# expect: PROTOCOL_ERROR | RUNTIME_ERROR

from attack import Attack
from bot_sdk import Action


class Pretender:
    @property
    def __class__(self) -> type:
        return Action

    def __getattr__(self, name: str) -> object:
        raise SystemExit(0)


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        return Pretender()
