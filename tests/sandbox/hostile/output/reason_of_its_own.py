# Gives a text whose methods run code of the bot inside the worker.
# expect: TIME_LIMIT | PROTOCOL_ERROR
# wall: 0.5

import time

from attack import Attack, hold
from bot_sdk import Action


class Evil(str):
    __slots__ = ()

    def encode(self, *_: object) -> bytes:
        time.sleep(10)
        return b"BREACH"

    def __len__(self) -> int:
        return 1


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        return hold(Evil("evil"))
