"""What requests cost at Kraken Futures: https://docs.kraken.com/exchange/guides/futures/ratelimits

Public endpoints cost nothing. The trading endpoints share 500 units in ten seconds, counted for the calling IP address
as the page of every endpoint says. The history endpoints have a pool of 100 tokens of their own, which fills up again
within ten minutes: they are asked only for what nothing else tells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from exchanges.rate_limits import RateLimit, Scope

WINDOW_SECONDS = 10.0
TRADING = RateLimit("derivatives", Scope.ADDRESS, capacity=500, window_seconds=WINDOW_SECONDS)
HISTORY = RateLimit("history", Scope.KEY, capacity=100, decay_per_second=100 / 600)
LIMITS = (TRADING, HISTORY)

TRADING_PATH = "/derivatives/api/v3/"
HISTORY_PATH = "/api/history/v3/"
DEFAULT_LOG_COUNT = 500

Cost = float | Callable[[Mapping[str, Any]], float]


def fills_cost(query: Mapping[str, Any]) -> float:
    return 25 if "lastFillTime" in query else 2


def account_log_cost(query: Mapping[str, Any]) -> float:
    """By the number of entries that are asked for."""
    count = int(query.get("count", DEFAULT_LOG_COUNT))
    return next((cost for most, cost in ((25, 1), (50, 2), (1000, 3), (5000, 6)) if count <= most), 10)


COSTS: dict[tuple[str, str], Cost] = {
    ("POST", f"{TRADING_PATH}sendorder"): 10,
    ("POST", f"{TRADING_PATH}cancelorder"): 10,
    ("POST", f"{TRADING_PATH}orders/status"): 1,
    ("GET", f"{TRADING_PATH}accounts"): 2,
    ("GET", f"{TRADING_PATH}openpositions"): 2,
    ("GET", f"{TRADING_PATH}openorders"): 2,
    ("GET", f"{TRADING_PATH}fills"): fills_cost,
    ("GET", f"{TRADING_PATH}leveragepreferences"): 2,
    ("PUT", f"{TRADING_PATH}leveragepreferences"): 10,
    ("GET", f"{TRADING_PATH}pnlpreferences"): 2,
    ("GET", f"{HISTORY_PATH}orders"): 1,
    ("GET", f"{HISTORY_PATH}triggers"): 1,
    ("GET", f"{HISTORY_PATH}executions"): 1,
    ("GET", f"{HISTORY_PATH}account-log"): account_log_cost,
}


def cost_of(method: str, endpoint: str, query: Mapping[str, Any]) -> dict[str, float]:
    """By limit's name; empty of what is public."""
    cost = COSTS.get((method, endpoint))
    if cost is None:
        return {}
    limit = HISTORY if endpoint.startswith(HISTORY_PATH) else TRADING
    return {limit.name: cost if isinstance(cost, int | float) else cost(query)}
