# Raises an error whose text, type and cause run code of the bot.
# expect: RUNTIME_ERROR | TIME_LIMIT
# wall: 0.5

import time

from attack import Attack
from bot_sdk import Action


class Evil(Exception):
    def __str__(self) -> str:
        raise SystemExit(0)

    @property
    def __cause__(self) -> BaseException:  # type: ignore[override]
        time.sleep(10)
        return self


class Bot(Attack):
    def analyze_market(self, market_data: object) -> Action:
        raise Evil
