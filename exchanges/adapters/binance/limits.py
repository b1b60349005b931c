"""What Binance allows, what each request costs, and what its replies say is used up.

Spot: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/limits, weights beside each endpoint.
/sapi: https://developers.binance.com/docs/margin_trading/general-info, "LIMITS".
Futures: https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info, "LIMITS".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from exchanges.base import MarketType
from exchanges.rate_limits import RateLimit, Scope

MINUTE, FIVE_MINUTES, DAY = 60.0, 300.0, 86_400.0

SPOT_LIMITS = (
    RateLimit("weight", Scope.ADDRESS, 6000, MINUTE),
    RateLimit("orders-10s", Scope.KEY, 100, 10.0),
    RateLimit("orders-1d", Scope.KEY, 200_000, DAY),
)
# Every endpoint of /sapi has such limits of its own. One count for all of them asks for less than is allowed.
WALLET_LIMITS = (
    RateLimit("sapi-ip", Scope.ADDRESS, 12_000, MINUTE),
    RateLimit("sapi-uid", Scope.KEY, 180_000, MINUTE),
)
FUTURES_LIMITS = (
    RateLimit("weight", Scope.ADDRESS, 2400, MINUTE),
    RateLimit("orders-10s", Scope.KEY, 300, 10.0),
    RateLimit("orders-1m", Scope.KEY, 1200, MINUTE),
    RateLimit("funding", Scope.ADDRESS, 500, FIVE_MINUTES),  # fundingRate and fundingInfo, which have no weight
    *WALLET_LIMITS,
)
LIMITS: dict[MarketType, tuple[RateLimit, ...]] = {
    MarketType.SPOT: SPOT_LIMITS + WALLET_LIMITS,
    MarketType.MARGIN: SPOT_LIMITS + WALLET_LIMITS,
    MarketType.FUTURES: FUTURES_LIMITS,
}

Cost = int | Callable[[Mapping[str, Any]], int]


def _with_symbol(one: int, every: int) -> Callable[[Mapping[str, Any]], int]:
    return lambda parameters: one if parameters.get("symbol") else every


def _futures_klines(parameters: Mapping[str, Any]) -> int:
    limit = int(parameters.get("limit", 500))
    return 1 if limit < 100 else 2 if limit < 500 else 5 if limit <= 1000 else 10


def _margin_order(parameters: Mapping[str, Any]) -> int:
    return 1500 if parameters.get("sideEffectType") in ("MARGIN_BUY", "AUTO_BORROW_REPAY") else 6


PUBLIC: dict[str, Cost] = {
    "test_connectivity": 1,
    "get_server_time": 1,
    "get_instruments": 20,
    "get_candles": 2,
    "get_current_price": 2,
    "get_quote": 2,
}
# Limit -> what a request takes from it, by the operation that adapters name in `call`.
Costs = dict[str, dict[str, Cost]]
COSTS: dict[MarketType, Costs] = {
    MarketType.SPOT: {
        "weight": PUBLIC
        | {
            "get_balances": 20,
            "submit_order": 1,
            "create_oco_order": 1,
            "cancel_order": 1,
            "get_order": 4,
            "get_open_orders": _with_symbol(6, 80),
            "get_fills": lambda parameters: 5 if parameters.get("orderId") else 20,
        },
        "orders-10s": {"submit_order": 1, "create_oco_order": 2},
        "orders-1d": {"submit_order": 1, "create_oco_order": 2},
        "sapi-ip": {"get_key_permissions": 1, "get_status": 1},
    },
    MarketType.MARGIN: {
        "weight": PUBLIC,
        "orders-10s": {"submit_order": 1, "create_oco_order": 2},
        "orders-1d": {"submit_order": 1, "create_oco_order": 2},
        "sapi-ip": {
            "get_key_permissions": 1,
            "get_status": 1,
            "get_balances": 10,
            "cancel_order": 10,
            "get_order": 10,
            "get_open_orders": 10,
            "get_fills": 10,
            "get_funding_payments": 1,
            "get_liquidations": 1,
        },
        "sapi-uid": {"submit_order": _margin_order, "create_oco_order": _margin_order},
    },
    MarketType.FUTURES: {
        "weight": {
            "test_connectivity": 1,
            "get_server_time": 1,
            "get_instruments": 1,
            "get_candles": _futures_klines,
            "get_current_price": 1,
            "get_quote": 2,
            "get_mark_price": 1,
            "get_balances": 5,
            "get_account_mode": 5,
            "get_order": 1,
            "get_algo_order": 1,
            "get_algo_history": 5,
            "cancel_order": 1,
            "cancel_algo_order": 1,
            "get_open_orders": _with_symbol(1, 40),
            "get_open_algo_orders": _with_symbol(1, 40),
            "get_fills": 5,
            "get_positions": 5,
            "get_symbol_settings": 5,
            "get_funding_payments": 30,
            "get_liquidations": 20,
            "set_margin_mode": 1,
            "set_leverage": 1,
        },
        "orders-10s": {"submit_order": 1},
        "orders-1m": {"submit_order": 1},
        "funding": {"get_funding_rates": 1},
        "sapi-ip": {"get_key_permissions": 1, "get_status": 1},
    },
}

# Limit -> the header that tells how much of it is used up.
HEADERS: dict[MarketType, dict[str, str]] = {
    MarketType.SPOT: {
        "weight": "X-MBX-USED-WEIGHT-1M",
        "orders-10s": "X-MBX-ORDER-COUNT-10S",
        "orders-1d": "X-MBX-ORDER-COUNT-1D",
        "sapi-ip": "X-SAPI-USED-IP-WEIGHT-1M",
        "sapi-uid": "X-SAPI-USED-UID-WEIGHT-1M",
    },
    MarketType.FUTURES: {
        "weight": "X-MBX-USED-WEIGHT-1M",
        "orders-10s": "X-MBX-ORDER-COUNT-10S",
        "orders-1m": "X-MBX-ORDER-COUNT-1M",
        "sapi-ip": "X-SAPI-USED-IP-WEIGHT-1M",
    },
}
HEADERS[MarketType.MARGIN] = HEADERS[MarketType.SPOT]


def costs(market_type: MarketType, operation: str, parameters: Mapping[str, Any]) -> dict[str, float]:
    found = {limit: table[operation] for limit, table in COSTS[market_type].items() if operation in table}
    return {limit: float(cost(parameters) if callable(cost) else cost) for limit, cost in found.items()}


def told_usage(market_type: MarketType, headers: Mapping[str, str]) -> dict[str, float]:
    told = {limit: headers.get(header, "") for limit, header in HEADERS[market_type].items()}
    return {limit: float(text) for limit, text in told.items() if text.isdigit()}
