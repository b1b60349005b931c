"""What the stand-in answers for Kraken where a test scripts nothing else. The shapes are those of docs.kraken.com."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from exchanges.adapters.kraken import KrakenExchange, KrakenMargin
from exchanges.adapters.kraken import exchange as module
from exchanges.base import MarketType
from tests.exchanges.conftest import Reply, StandIn

API_KEY = "kraken-key-that-nobody-may-see"
# Of the example in https://docs.kraken.com/api/docs/guides/spot-rest-auth
API_SECRET = "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="
PRIVATE, PUBLIC = "POST /0/private/", "GET /0/public/"
TXID, TRADE = "OUF4EM-FRGI2-MQMWZD", "TCCCTY-WE2O6-P3NB37"
CLIENT_ID = "c" * 32

ASSETS = {
    "XXBT": {"aclass": "currency", "altname": "XBT", "decimals": 10, "display_decimals": 5, "status": "enabled"},
    "XXDG": {"aclass": "currency", "altname": "XDG", "decimals": 8, "display_decimals": 2, "status": "enabled"},
    "ZUSD": {"aclass": "currency", "altname": "USD", "decimals": 4, "display_decimals": 2, "status": "enabled"},
    "USDT": {"aclass": "currency", "altname": "USDT", "decimals": 8, "display_decimals": 4, "status": "enabled"},
    "USDT.F": {"aclass": "currency", "altname": "USDT.F", "decimals": 8, "display_decimals": 4, "status": "enabled"},
}
BTC_USD = {
    "altname": "XBTUSD", "wsname": "XBT/USD", "aclass_base": "currency", "base": "XXBT", "aclass_quote": "currency",
    "quote": "ZUSD", "lot": "unit", "cost_decimals": 5, "pair_decimals": 1, "lot_decimals": 8, "lot_multiplier": 1,
    "leverage_buy": [2, 3, 4, 5], "leverage_sell": [2, 3, 4], "fees": [[0, 0.4]], "fees_maker": [[0, 0.25]],
    "fee_volume_currency": "ZUSD", "margin_call": 80, "margin_stop": 40, "ordermin": "0.00005", "costmin": "0.5",
    "tick_size": "0.1", "status": "online", "long_position_limit": 300, "short_position_limit": 240,
}  # fmt: skip
DOGE_USDT = BTC_USD | {
    "altname": "XDGUSDT", "wsname": "XDG/USDT", "base": "XXDG", "quote": "USDT", "pair_decimals": 7,
    "leverage_buy": [], "leverage_sell": [], "ordermin": "13", "tick_size": "0.0000001",
}  # fmt: skip
PAIRS = {"XXBTZUSD": BTC_USD, "XDGUSDT": DOGE_USDT}

ORDER = {
    "refid": None, "userref": 0, "cl_ord_id": CLIENT_ID, "status": "closed", "opentm": 1688666559.8974, "starttm": 0,
    "expiretm": 0,
    "descr": {
        "pair": "XBTUSD", "type": "buy", "ordertype": "market", "price": "0", "price2": "0", "leverage": "none",
        "order": "buy 0.30000000 XBTUSD @ market", "close": "",
    },
    "vol": "0.30000000", "vol_exec": "0.30000000", "cost": "9003.00000", "fee": "36.01200", "price": "30010.00000",
    "stopprice": "0.00000", "limitprice": "0.00000", "misc": "", "oflags": "fciq", "trades": [TRADE],
    "closetm": 1688666560.1, "reason": None,
}  # fmt: skip
TRADE_ROW = {
    "ordertxid": TXID, "postxid": "TKH2SE-M7IF5-CFI7LT", "pair": "XXBTZUSD", "time": 1688667796.8802, "type": "buy",
    "ordertype": "limit", "price": "30010.00000", "cost": "600.20000", "fee": "0.00000", "vol": "0.02000000",
    "margin": "0.00000", "leverage": "0", "misc": "", "trade_id": 93748276, "maker": True,
}  # fmt: skip


def good(result: Any) -> Reply:
    return 200, {"error": [], "result": result}


def bad(*errors: str) -> Reply:
    return 200, {"error": list(errors)}


def order(**changes: Any) -> dict[str, Any]:
    """ORDER with changes; those of `descr` by their names there."""
    descr = {name: changes.pop(name) for name in list(changes) if name in ORDER["descr"] and name != "price"}  # type: ignore[operator]
    if "limit" in changes:
        descr["price"] = changes.pop("limit")
    return ORDER | changes | {"descr": ORDER["descr"] | descr}  # type: ignore[operator]


def script(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the stand-in know Kraken's lists and clock, and no test remember another's."""
    usual: Callable[[str], Reply] = stand_in.next_reply
    known = {
        PUBLIC + "Assets": good(ASSETS),
        PUBLIC + "AssetPairs": good(PAIRS),
        PRIVATE + "QueryOrders": good({TXID: ORDER}),
    }

    def next_reply(request: str) -> Reply:
        if stand_in.replies.get(request):
            return usual(request)
        if request == PUBLIC + "Time":
            return good({"unixtime": int(time.time() + stand_in.clock_ahead_ms / 1000), "rfc1123": ""})
        return known.get(request) or (404, "the test has no reply for this")

    monkeypatch.setattr(stand_in, "next_reply", next_reply)
    monkeypatch.setattr("exchanges.calls.time.sleep", lambda seconds: None)
    module._names.clear()
    module._clocks.clear()


def make_kraken(stand_in: StandIn, **options: Any) -> KrakenExchange:
    return KrakenExchange(API_KEY, API_SECRET, False, base_url=stand_in.url, timeout_seconds=5, **options)


def make_margin(stand_in: StandIn, leverage: int = 3, **options: Any) -> KrakenMargin:
    return KrakenMargin(
        API_KEY,
        API_SECRET,
        False,
        base_url=stand_in.url,
        timeout_seconds=5,
        market_type=MarketType.MARGIN,
        leverage=leverage,
        **options,
    )
