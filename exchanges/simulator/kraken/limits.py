"""Counters: of REST calls per key, of what the matching engine does per account and pair, of public calls per address.

They count in real time, not simulated. A fresh account is of the lowest tier.
https://docs.kraken.com/api/docs/guides/spot-rest-ratelimits and /spot-ratelimits
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from exchanges.simulator.kraken.params import ApiError


@dataclass(frozen=True, slots=True)
class Tier:
    rest: float
    rest_decay: float  # a second
    engine: float
    engine_decay: float
    open_orders: int  # per pair


TIERS = {
    "starter": Tier(15, 0.33, 60, 1.0, 60),
    "intermediate": Tier(20, 0.5, 125, 2.34, 80),
    "pro": Tier(20, 1.0, 180, 3.75, 225),
}
# Of a cancel, by the seconds that the order has rested for: (less than, cost).
CANCEL_COSTS = ((5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1))
# No page says how far a burst may go; one a second is always within the limit.
PUBLIC_BURST, PUBLIC_DECAY = 60.0, 1.0


class Counters:
    def __init__(self, tier: Tier = TIERS["starter"], clock: Callable[[], float] = time.monotonic) -> None:
        self.tier = tier
        self.is_counting = True
        self._clock = clock
        self._levels: dict[tuple[str, str], tuple[float, float]] = {}

    def count_call(self, api_key: str, cost: float) -> None:
        if not self._add(("key", api_key), cost, self.tier.rest, self.tier.rest_decay):
            raise ApiError("EAPI:Rate limit exceeded")

    def count_public(self, address: str) -> None:
        if not self._add(("address", address), 1, PUBLIC_BURST, PUBLIC_DECAY):
            raise ApiError("EGeneral:Too many requests")

    def count_order(self, account_id: int, symbol: str, cost: float) -> None:
        """Counted even where the order is refused afterwards."""
        if not self._add((str(account_id), symbol), cost, self.tier.engine, self.tier.engine_decay):
            raise ApiError("EOrder:Rate limit exceeded")

    def require_room(self, open_orders: int) -> None:
        if self.is_counting and open_orders >= self.tier.open_orders:
            raise ApiError("EOrder:Orders limit exceeded")

    def _add(self, counter: tuple[str, str], cost: float, most: float, decay: float) -> bool:
        if not self.is_counting:
            return True
        now = self._clock()
        level, at = self._levels.get(counter, (0.0, now))
        level = max(0.0, level - (now - at) * decay)
        fits = level + cost <= most
        # A call that is refused counts too, but the counter rises no further than just over its limit.
        self._levels[counter] = (min(level + cost, most + 1), now)
        return fits


def cancel_cost(rested_seconds: float) -> int:
    return next((cost for limit, cost in CANCEL_COSTS if rested_seconds < limit), 0)
