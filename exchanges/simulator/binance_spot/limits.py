"""Rate limits: request weight per IP and minute, new orders per account.

They count in real time, not simulated.

https://github.com/binance/binance-spot-api-docs/blob/master/rest-api.md#limits
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from exchanges.simulator.binance_spot.params import ApiError

WEIGHT_PER_MINUTE = 6000
ORDERS_PER_10_SECONDS = 100
ORDERS_PER_DAY = 200_000
RAW_REQUESTS_PER_5_MINUTES = 61_000  # told in exchangeInfo, not counted: the weight runs out first
IGNORED_BEFORE_BAN = 20  # the docs say "repeatedly"
FIRST_BAN_SECONDS = 120  # bans scale from 2 minutes to 3 days
LONGEST_BAN_SECONDS = 3 * 86_400


@dataclass
class _Address:
    minute: int = 0
    weight: int = 0
    ignored: int = 0
    bans: int = 0
    banned_until: float = 0.0


@dataclass
class _Orders:
    window: dict[int, int] = field(default_factory=dict)  # interval in seconds -> which one is counted
    count: dict[int, int] = field(default_factory=dict)


class RateLimits:
    def __init__(self, weight_per_minute: int = WEIGHT_PER_MINUTE, clock: Callable[[], float] = time.time) -> None:
        self.weight_per_minute = weight_per_minute
        self._clock = clock
        self._addresses: dict[str, _Address] = {}
        self._orders: dict[int, _Orders] = {}

    def spend(self, address: str, weight: int) -> dict[str, str]:
        """Count a request and return the header that tells so; raise 429, or 418 for who goes on anyway."""
        now = self._clock()
        state = self._addresses.setdefault(address, _Address())
        if now < state.banned_until:
            raise self._banned(state, now)
        if state.minute != int(now // 60):
            state.minute, state.weight, state.ignored = int(now // 60), 0, 0
        state.weight += weight
        if state.weight <= self.weight_per_minute:
            return {"X-MBX-USED-WEIGHT": str(state.weight), "X-MBX-USED-WEIGHT-1M": str(state.weight)}
        state.ignored += 1
        if state.ignored > IGNORED_BEFORE_BAN:
            seconds = min(FIRST_BAN_SECONDS * 2**state.bans, LONGEST_BAN_SECONDS)
            state.bans += 1
            state.banned_until = now + seconds
            raise self._banned(state, now)
        raise ApiError(
            -1003,
            f"Too much request weight used; current limit is {self.weight_per_minute} request weight per"
            " 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.",
            429,
            {
                "Retry-After": str(60 - int(now % 60)),
                "X-MBX-USED-WEIGHT": str(state.weight),
                "X-MBX-USED-WEIGHT-1M": str(state.weight),
            },
        )

    def count_order(self, account_id: int, orders: int = 1) -> None:
        """Count new orders before they are placed."""
        counts = self.order_counts(account_id)
        for seconds, limit, text in (
            (10, ORDERS_PER_10_SECONDS, "10 SECOND"),
            (86_400, ORDERS_PER_DAY, "1 DAY"),
        ):
            if counts[seconds] + orders > limit:
                raise ApiError(
                    -1015,
                    f"Too many new orders; current limit is {limit} orders per {text}.",
                    429,
                    {"Retry-After": str(seconds - int(self._clock() % seconds))},
                )
        for seconds in counts:
            counts[seconds] += orders

    def order_filled(self, account_id: int) -> None:
        """An order that fills as it arrives does not count (faqs/order_count_decrement.md)."""
        counts = self.order_counts(account_id)
        for seconds in counts:
            counts[seconds] = max(0, counts[seconds] - 1)

    def order_headers(self, account_id: int) -> dict[str, str]:
        counts = self.order_counts(account_id)
        return {"X-MBX-ORDER-COUNT-10S": str(counts[10]), "X-MBX-ORDER-COUNT-1D": str(counts[86_400])}

    def order_counts(self, account_id: int) -> dict[int, int]:
        """By length of the interval in seconds."""
        now = self._clock()
        state = self._orders.setdefault(account_id, _Orders())
        for seconds in (10, 86_400):
            window = int(now // seconds)
            if state.window.get(seconds) != window:
                state.window[seconds], state.count[seconds] = window, 0
        return state.count

    def _banned(self, state: _Address, now: float) -> ApiError:
        return ApiError(
            -1003,
            f"Way too much request weight used; IP banned until {int(state.banned_until * 1000)}."
            " Please use WebSocket Streams for live updates to avoid bans.",
            418,
            {"Retry-After": str(int(state.banned_until - now) + 1)},
        )
