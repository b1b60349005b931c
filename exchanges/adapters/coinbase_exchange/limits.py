"""What Coinbase Exchange allows: https://docs.cdp.coinbase.com/exchange/rest-api/rate-limits

Token buckets: public endpoints hold 15 and gain 10 a second per IP address; private ones hold 30 and gain 15 per
profile, and /fills has one of its own with 20 and 10.
"""

from __future__ import annotations

from exchanges.rate_limits import RateLimit, Scope

PRIVATE, PUBLIC, FILLS = "private", "public", "fills"
RATE_LIMITS = (
    RateLimit(PUBLIC, Scope.ADDRESS, 15, decay_per_second=10),
    RateLimit(PRIVATE, Scope.KEY, 30, decay_per_second=15),
    RateLimit(FILLS, Scope.KEY, 20, decay_per_second=10),
)
PUBLIC_PATHS = ("/products", "/currencies", "/time")

# One request costs one of its limit, whatever it is.
COSTS: dict[str, dict[str, int]] = {
    "test_connectivity": {PUBLIC: 1},
    "get_server_time": {PUBLIC: 1},
    "get_instruments": {PUBLIC: 1},
    "get_candles": {PUBLIC: 1},
    "get_current_price": {PUBLIC: 1},
    "get_quote": {PUBLIC: 1},
    "get_balances": {PRIVATE: 1},
    "submit_order": {PRIVATE: 1},
    "cancel_order": {PRIVATE: 1},
    "get_order": {PRIVATE: 1},
    "get_open_orders": {PRIVATE: 1},
    "get_fills": {FILLS: 1},
}


def is_public(path: str) -> bool:
    return path.startswith(PUBLIC_PATHS)
