"""What requests cost and how much there is: https://docs.kraken.com/exchange/guides/futures/ratelimits

The trading API has 500 units in ten seconds for the calling address, the history a pool of 100 tokens per key that
fills up again in ten minutes. Both count in real time, not simulated.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from exchanges.simulator.kraken_futures.params import ApiError, FaceError, Params

UNITS, WINDOW_SECONDS = 500.0, 10.0
TOKENS, FILL_SECONDS = 100.0, 600.0


class Counters:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.is_counting = True  # a test that is about something else may switch it off
        self._clock = clock
        self._windows: dict[str, tuple[float, float]] = {}  # address -> (when it began, used in it)
        self._pools: dict[str, tuple[float, float]] = {}  # key -> (tokens left, when)

    def count(self, address: str, cost: float) -> None:
        """Of the trading API."""
        now = self._clock()
        began, used = self._windows.get(address, (now, 0.0))
        if now - began >= WINDOW_SECONDS:
            began, used = now, 0.0
        if used + cost > UNITS and self.is_counting:
            raise ApiError("apiLimitExceeded")
        self._windows[address] = (began, used + cost)

    def take_tokens(self, api_key: str, cost: float) -> None:
        """Of the history API."""
        now = self._clock()
        left, at = self._pools.get(api_key, (TOKENS, now))
        left = min(TOKENS, left + (now - at) * TOKENS / FILL_SECONDS)
        if cost > left and self.is_counting:
            seconds = math.ceil((cost - left) * FILL_SECONDS / TOKENS)
            body = {"status": "too many requests", "reason": "apiLimitExceeded"}
            raise FaceError(429, body, {"rate-limit-reset": str(seconds)})
        self._pools[api_key] = (left - cost, now)


def fills_cost(params: Params) -> float:
    return 25 if params.text("lastFillTime") else 2


def account_log_cost(params: Params) -> float:
    """By the number of entries that are asked for."""
    count = params.integer("count") or 500
    return next((cost for most, cost in ((25, 1), (50, 2), (1000, 3), (5000, 6)) if count <= most), 10)


def batch_cost(params: Params) -> float:
    """Nine, and one for every instruction."""
    return 9 + (params.text("json") or "").count('"order"')
