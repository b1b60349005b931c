"""An unmodified ccxt trades on Binance's faces: spot, cross and isolated margin, USD-M futures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from exchanges.simulator.testing import RunningSimulator

ccxt = pytest.importorskip("ccxt")

BTC, PERPETUAL = "BTC/USDT", "BTC/USDT:USDT"
Make = Callable[[str], Any]


@pytest.fixture
def make(sim: RunningSimulator) -> Make:
    def connect(name: str) -> Any:
        exchange = getattr(ccxt, name)({"apiKey": sim.api_key, "secret": sim.api_secret, "enableRateLimit": False})
        urls = exchange.urls["api"].items()
        exchange.urls["api"] = {part: sim.url + urlsplit(url).path for part, url in urls if isinstance(url, str)}
        exchange.load_time_difference()
        exchange.load_markets()
        return exchange

    sim.set_price(BTC, 50_000)
    return connect


@pytest.fixture
def binance(make: Make) -> Any:
    return make("binance")


@pytest.fixture
def usdm(make: Make) -> Any:
    return make("binanceusdm")


def test_all_kinds_of_markets_are_loaded(binance: Any) -> None:
    assert set(binance.markets) == {
        *("BTC/USDT", "ETH/USDT", "SOL/USDT", "BNB/USDT", "ETH/BTC"),
        *("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT"),
    }
    btc = binance.market(BTC)
    assert (btc["spot"], btc["margin"], btc["marginModes"]) == (True, True, {"cross": True, "isolated": True})
    assert (btc["precision"]["amount"], btc["precision"]["price"]) == (0.00001, 0.01)
    perpetual = binance.market(PERPETUAL)
    assert (perpetual["swap"], perpetual["linear"], perpetual["precision"]["price"]) == (True, True, 0.1)
    assert binance.currencies["BTC"]["withdraw"] is False


def test_market_data(binance: Any, usdm: Any) -> None:
    for exchange, symbol in ((binance, BTC), (usdm, PERPETUAL)):
        assert exchange.fetch_ticker(symbol)["last"] == 50_000
        assert exchange.fetch_ohlcv(symbol, "1m", limit=3)[-1][4] == 50_000
        assert len(exchange.fetch_order_book(symbol, limit=5)["bids"]) == 5
        assert len(exchange.fetch_trades(symbol, limit=5)) == 5
    assert usdm.fetch_funding_rate(PERPETUAL)["fundingTimestamp"] > 0
    assert len(usdm.fetch_funding_rate_history(PERPETUAL, limit=10)) == 10


@pytest.mark.parametrize("account", [{}, {"marginMode": "cross"}, {"marginMode": "isolated"}])
def test_spot_and_margin_orders(binance: Any, account: dict[str, str]) -> None:
    limit = binance.create_order(BTC, "limit", "buy", 0.01, 45_000, account)
    assert limit["status"] == "open"
    assert binance.fetch_order(limit["id"], BTC, account)["status"] == "open"
    assert [each["id"] for each in binance.fetch_open_orders(BTC, params=account)] == [limit["id"]]
    assert binance.cancel_order(limit["id"], BTC, account)["status"] == "canceled"
    market = binance.create_order(BTC, "market", "buy", 0.5, None, account)
    assert (market["status"], market["filled"], market["fee"]["currency"]) == ("closed", 0.5, "BTC")
    stop = binance.create_order(BTC, "market", "sell", 0.4, None, account | {"stopLossPrice": 45_000})
    assert (stop["status"], stop["triggerPrice"]) == ("open", 45_000)
    assert binance.cancel_order(stop["id"], BTC, account)["status"] == "canceled"
    trailing = {"trailingPercent": 1, "stopLossOrTakeProfit": "stopLoss"}
    binance.create_order(BTC, "market", "sell", 0.4, None, account | trailing)
    assert len(binance.cancel_all_orders(BTC, account)) == 1
    post_only = binance.create_order(BTC, "limit", "buy", 0.01, 45_000, account | {"postOnly": True})
    assert post_only["postOnly"] is True
    trades = binance.fetch_my_trades(BTC, params=account)
    assert [(trade["order"], trade["amount"]) for trade in trades] == [(market["id"], 0.5)]
    with pytest.raises(ccxt.InsufficientFunds):
        binance.create_order(BTC, "market", "sell", 20, None, account)


def test_balances_of_every_account(binance: Any, usdm: Any) -> None:
    assert binance.fetch_balance()["USDT"]["free"] == 100_000
    bought = {"marginMode": "cross", "sideEffectType": "AUTO_BORROW_REPAY"}
    binance.create_order(BTC, "market", "buy", 3, None, bought)
    cross = binance.fetch_balance({"type": "margin", "marginMode": "cross"})
    assert (cross["USDT"]["free"], cross["USDT"]["debt"] > 50_000) == (0, True)
    binance.create_order(BTC, "market", "sell", 1.5, None, {"marginMode": "cross", "reduceOnly": True})
    assert binance.fetch_balance({"type": "margin", "marginMode": "cross"})["USDT"]["debt"] == 0
    assert binance.fetch_balance({"marginMode": "isolated"})[BTC]["USDT"]["free"] == 50_000
    assert usdm.fetch_balance()["USDT"]["free"] == 100_000


def test_futures_orders_and_positions(usdm: Any) -> None:
    usdm.set_margin_mode("isolated", PERPETUAL)
    assert int(usdm.set_leverage(10, PERPETUAL)["leverage"]) == 10  # text or number, by which JSON library ccxt finds
    market = usdm.create_order(PERPETUAL, "market", "buy", 0.1)
    assert (market["status"], market["filled"]) == ("closed", 0.1)
    (position,) = usdm.fetch_positions([PERPETUAL])
    assert (position["side"], position["contracts"], position["marginMode"]) == ("long", 0.1, "isolated")
    assert position["entryPrice"] == market["average"]
    assert 40_000 < position["liquidationPrice"] < 50_000
    limit = usdm.create_order(PERPETUAL, "limit", "buy", 0.1, 48_000, {"postOnly": True})
    assert usdm.fetch_order(limit["id"], PERPETUAL)["status"] == "open"
    assert len(usdm.fetch_open_orders(PERPETUAL)) == 1
    assert usdm.cancel_order(limit["id"], PERPETUAL)["status"] == "canceled"
    usdm.create_order(PERPETUAL, "market", "sell", 1, None, {"reduceOnly": True})
    assert usdm.fetch_positions([PERPETUAL]) == []
    assert [trade["side"] for trade in usdm.fetch_my_trades(PERPETUAL)] == ["buy", "sell"]
    with pytest.raises(ccxt.ExchangeError, match="Margin is insufficient"):
        usdm.create_order(PERPETUAL, "market", "buy", 90)
    with pytest.raises(ccxt.ExchangeError, match="ReduceOnly Order is rejected"):
        usdm.create_order(PERPETUAL, "market", "sell", 0.1, None, {"reduceOnly": True})


@pytest.mark.parametrize("distance", [{"stopLossPrice": 45_000}, {"trailingPercent": 2}])
def test_conditional_futures_orders(usdm: Any, sim: RunningSimulator, distance: dict[str, float]) -> None:
    usdm.create_order(PERPETUAL, "market", "buy", 0.1)
    placed = usdm.create_order(PERPETUAL, "market", "sell", 0.1, None, {"reduceOnly": True} | distance)
    waiting = {"trigger": True}
    assert usdm.fetch_order(placed["id"], PERPETUAL, waiting)["status"] == "open"
    assert [each["id"] for each in usdm.fetch_open_orders(PERPETUAL, params=waiting)] == [placed["id"]]
    assert usdm.fetch_open_orders(PERPETUAL) == []
    usdm.cancel_order(placed["id"], PERPETUAL, waiting)
    assert usdm.fetch_order(placed["id"], PERPETUAL, waiting)["status"] == "canceled"
    again = usdm.create_order(PERPETUAL, "market", "sell", 0.1, None, {"reduceOnly": True} | distance)
    sim.set_price(BTC, 44_000)
    assert usdm.fetch_order(again["id"], PERPETUAL, waiting)["status"] == "closed"
    assert usdm.fetch_positions([PERPETUAL]) == []


def test_funding_is_seen(usdm: Any, sim: RunningSimulator) -> None:
    sim.set_funding_rate("binance_futures", BTC, "0.001")
    usdm.create_order(PERPETUAL, "market", "sell", 0.1)
    sim.advance(minutes=8 * 60)
    usdm.load_time_difference()
    (paid,) = usdm.fetch_funding_history(PERPETUAL)
    assert paid["amount"] > 0  # shorts are paid
