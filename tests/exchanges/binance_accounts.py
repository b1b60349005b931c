"""Binance's margin and futures accounts at the stand-in, with the replies that every test needs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from exchanges.adapters.binance import BinanceExchange, BinanceFutures, BinanceMargin
from exchanges.base import MarginMode, MarketType
from tests.exchanges.conftest import API_KEY, API_SECRET, BTC_USDT, StandIn

BTC_PERPETUAL = {
    "symbol": "BTCUSDT",
    "pair": "BTCUSDT",
    "contractType": "PERPETUAL",
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "marginAsset": "USDT",
    "orderTypes": [
        *("LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"),
    ],
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "556.80", "maxPrice": "4529764", "tickSize": "0.10"},
        {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
        {"filterType": "MIN_NOTIONAL", "notional": "100"},
    ],
}
QUARTERLY = BTC_PERPETUAL | {"symbol": "BTCUSDT_260327", "contractType": "CURRENT_QUARTER"}
FULL_SYMBOL = BTC_USDT | {
    "orderTypes": [*BTC_USDT["orderTypes"], "STOP_LOSS", "TAKE_PROFIT"],  # type: ignore[misc]
    "isMarginTradingAllowed": True,
    "allowTrailingStop": True,
}
PLAIN_SYMBOL = BTC_USDT | {"symbol": "ETHUSDT", "baseAsset": "ETH", "isMarginTradingAllowed": True}
NO_MARGIN = BTC_USDT | {"symbol": "SOLUSDT", "baseAsset": "SOL", "isMarginTradingAllowed": False}


def know(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the stand-in answer what comes before every request; a symbol takes all kinds of orders."""
    usual = stand_in.next_reply

    def next_reply(request: str) -> Any:
        if stand_in.replies.get(request):
            return usual(request)
        if request == "GET /fapi/v1/time":
            return 200, {"serverTime": int(time.time() * 1000) + stand_in.clock_ahead_ms}
        if request == "GET /fapi/v1/exchangeInfo":
            return 200, {"symbols": [BTC_PERPETUAL, QUARTERLY]}
        if request == "GET /api/v3/exchangeInfo":
            return 200, {"symbols": [FULL_SYMBOL, PLAIN_SYMBOL, NO_MARGIN]}
        return usual(request)

    monkeypatch.setattr(stand_in, "next_reply", next_reply)
    monkeypatch.setattr("exchanges.calls.time.sleep", lambda seconds: None)


def open_account(stand_in: StandIn, market_type: MarketType, **options: Any) -> BinanceExchange | BinanceFutures:
    made = {MarketType.SPOT: BinanceExchange, MarketType.MARGIN: BinanceMargin, MarketType.FUTURES: BinanceFutures}
    return made[market_type](
        API_KEY, API_SECRET, False, market_type=market_type, base_url=stand_in.url, timeout_seconds=5, **options
    )


@pytest.fixture
def spot(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[BinanceExchange]:
    know(stand_in, monkeypatch)
    with open_account(stand_in, MarketType.SPOT) as exchange:
        yield exchange  # type: ignore[misc]


@pytest.fixture
def margin(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[BinanceMargin]:
    know(stand_in, monkeypatch)
    with open_account(stand_in, MarketType.MARGIN) as exchange:
        yield exchange  # type: ignore[misc]


@pytest.fixture
def isolated(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[BinanceMargin]:
    know(stand_in, monkeypatch)
    with open_account(stand_in, MarketType.MARGIN, margin_mode=MarginMode.ISOLATED) as exchange:
        yield exchange  # type: ignore[misc]


@pytest.fixture
def futures(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[BinanceFutures]:
    know(stand_in, monkeypatch)
    with open_account(stand_in, MarketType.FUTURES, leverage=5) as exchange:
        yield exchange  # type: ignore[misc]
