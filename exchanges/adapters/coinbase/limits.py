"""What Advanced Trade allows: https://docs.cdp.coinbase.com/advanced-trade/docs/rest-api-rate-limits

30 requests a second for a user's own, counted by user, and 10 a second for public ones, counted by IP address.
"""

from __future__ import annotations

from exchanges.rate_limits import RateLimit, Scope

PRIVATE, PUBLIC = "private", "public"
RATE_LIMITS = (
    RateLimit(PRIVATE, Scope.KEY, 30, window_seconds=1),
    RateLimit(PUBLIC, Scope.ADDRESS, 10, window_seconds=1),
)
PUBLIC_PATHS = ("/api/v3/brokerage/market/", "/api/v3/brokerage/time")

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
    "get_fills": {PRIVATE: 1},
    "get_key_permissions": {PRIVATE: 1},
}


def is_public(path: str) -> bool:
    return path.startswith(PUBLIC_PATHS)
