"""What Kraken counts, and what each request costs.

REST: https://docs.kraken.com/api/docs/guides/spot-rest-ratelimits, a counter per key that falls by the second.
Matching engine: https://docs.kraken.com/api/docs/guides/spot-ratelimits, a counter per account and pair, for orders
and cancels whichever way they come. A key does not tell its account's tier, so the lowest is assumed.
"""

from __future__ import annotations

from dataclasses import dataclass

from exchanges.rate_limits import RateLimit, Scope


@dataclass(frozen=True, slots=True)
class Tier:
    rest_capacity: float
    rest_decay_per_second: float
    engine_capacity: float  # per pair
    engine_decay_per_second: float
    open_orders: int  # per pair


TIERS = {
    "starter": Tier(15, 0.33, 60, 1.0, 60),
    "intermediate": Tier(20, 0.5, 125, 2.34, 80),
    "pro": Tier(20, 1.0, 180, 3.75, 225),
}
ASSUMED_TIER = TIERS["starter"]

REST = RateLimit("rest", Scope.KEY, ASSUMED_TIER.rest_capacity, decay_per_second=ASSUMED_TIER.rest_decay_per_second)
# https://support.kraken.com/hc/en-us/articles/206548367: one public request a second is always within the limit; how
# far a burst may go, no page says.
PUBLIC = RateLimit("public", Scope.ADDRESS, 10, decay_per_second=1.0)

# By operation; every other private one costs 1, every other public one 1.
HISTORY_COST = 4  # ledgers and trade histories; older pages say 2
COSTS: dict[str, float] = {"get_ledger": HISTORY_COST}
PUBLIC_OPERATIONS = frozenset(
    {
        "test_connectivity",
        "get_server_time",
        "get_status",
        "get_assets",
        "get_instruments",
        "get_candles",
        "get_current_price",
        "get_quote",
    }
)

ADD_ORDER_COST = 1
# Of a cancel, by the seconds that the order has rested for: (less than, cost). Nothing after five minutes.
CANCEL_COSTS = ((5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1))


def engine(pair: str) -> RateLimit:
    return RateLimit(
        f"engine {pair}",
        Scope.KEY,
        ASSUMED_TIER.engine_capacity,
        decay_per_second=ASSUMED_TIER.engine_decay_per_second,
    )


def cancel_cost(rested_seconds: float | None) -> float:
    """None: nobody knows, so the most that it can be."""
    if rested_seconds is None:
        rested_seconds = 0.0
    return next((cost for limit, cost in CANCEL_COSTS if rested_seconds < limit), 0)
