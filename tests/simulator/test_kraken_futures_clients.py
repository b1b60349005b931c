"""An unmodified ccxt on Kraken Futures' face: only its URLs lead elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from exchanges.simulator.testing import RunningSimulator, running_simulator

ccxt = pytest.importorskip("ccxt")

SYMBOL = "BTC/USD:USD"
HOUR_MS = 3_600_000


@pytest.fixture
def sim() -> Iterator[RunningSimulator]:
    with running_simulator() as simulator:
        yield simulator


def client(sim: RunningSimulator, **changes: Any) -> Any:
    key = sim.keys_of("kraken_futures")["trader-1"]
    made = ccxt.krakenfutures(
        {"apiKey": key.api_key, "secret": key.api_secret, "enableRateLimit": False, "timeout": 5000} | changes
    )
    made.urls["api"] = _led_to(made.urls["api"], sim.urls["kraken_futures"])
    made.session.trust_env = False
    return made


def _led_to(urls: Any, base_url: str) -> Any:
    if isinstance(urls, dict):
        return {name: _led_to(value, base_url) for name, value in urls.items()}
    return urls.replace("https://futures.kraken.com", base_url)


@pytest.fixture
def kraken(sim: RunningSimulator) -> Any:
    return client(sim)


def price(kraken: Any, factor: float) -> int:
    return int(kraken.fetch_ticker(SYMBOL)["last"] * factor)


def test_it_loads_the_markets(kraken: Any) -> None:
    market = kraken.load_markets()[SYMBOL]
    assert (market["id"], market["linear"], market["settle"]) == ("PF_XBTUSD", True, "USD")
    assert market["precision"] == {"amount": 0.0001, "price": 1.0}


def test_it_reads_prices_the_book_and_trades(kraken: Any) -> None:
    ticker, book = kraken.fetch_ticker(SYMBOL), kraken.fetch_order_book(SYMBOL)
    assert book["bids"][0][0] == ticker["bid"] < ticker["last"] < ticker["ask"] == book["asks"][0][0]
    assert len(kraken.fetch_trades(SYMBOL)) == 100


def test_it_reads_candles(sim: RunningSimulator, kraken: Any) -> None:
    start = sim.now_ms() - 5 * HOUR_MS
    rows = kraken.fetch_ohlcv(SYMBOL, "1h", since=start, limit=4)
    assert [row[0] for row in rows] == [start + number * HOUR_MS for number in range(4)]


def test_it_reads_balances(kraken: Any) -> None:
    assert kraken.fetch_balance()["USD"] == {"free": 100_000.0, "used": 0.0, "total": 100_000.0}


def test_it_creates_finds_and_cancels_a_limit_order(kraken: Any) -> None:
    order = kraken.create_order(SYMBOL, "limit", "buy", 0.01, price(kraken, 0.9), {"clientOrderId": "mine"})
    assert (order["status"], order["clientOrderId"], order["type"]) == ("open", "mine", "limit")
    [listed] = kraken.fetch_open_orders(SYMBOL)
    assert (listed["id"], listed["amount"]) == (order["id"], 0.01)
    assert kraken.fetch_order(order["id"], SYMBOL)["status"] == "open"
    assert kraken.cancel_order(order["id"], SYMBOL)["status"] == "canceled"
    assert kraken.fetch_open_orders(SYMBOL) == []
    assert {each["id"] for each in kraken.fetch_canceled_orders(SYMBOL)} == {order["id"]}


def test_it_trades_at_the_market_and_sees_its_fills(kraken: Any) -> None:
    order = kraken.create_order(SYMBOL, "market", "buy", 0.02)
    ask = kraken.fetch_ticker(SYMBOL)["ask"]
    assert (order["status"], order["filled"], order["average"]) == ("closed", 0.02, ask)
    assert kraken.fetch_order(order["id"], SYMBOL)["status"] == "closed"
    [trade] = kraken.fetch_my_trades(SYMBOL)
    assert (trade["order"], trade["price"], trade["amount"]) == (order["id"], ask, 0.02)
    [position] = kraken.fetch_positions([SYMBOL])
    assert (position["side"], position["contracts"]) == ("long", 0.02)


def test_it_sets_stops_which_sell_when_the_price_falls(sim: RunningSimulator, kraken: Any) -> None:
    kraken.create_order(SYMBOL, "market", "buy", 0.02)
    stop = kraken.create_order(
        SYMBOL, "market", "sell", 0.02, None, {"triggerPrice": price(kraken, 0.95), "reduceOnly": True}
    )
    target = kraken.create_order(
        SYMBOL, "limit", "sell", 0.02, price(kraken, 1.06), {"takeProfitPrice": price(kraken, 1.05)}
    )
    assert (stop["status"], target["status"]) == ("open", "open")
    assert kraken.cancel_order(target["id"], SYMBOL)["status"] == "canceled"
    sim.advance(minutes=1)
    sim.set_price("BTC/USD", price(kraken, 0.94))
    assert kraken.fetch_order(stop["id"], SYMBOL)["status"] == "closed"
    sim.advance(minutes=1)
    assert kraken.fetch_positions([SYMBOL]) == []
    assert stop["id"] in [order["id"] for order in kraken.fetch_closed_orders(SYMBOL)]


def test_it_sets_the_leverage(kraken: Any) -> None:
    kraken.set_leverage(5, SYMBOL)
    assert kraken.fetch_leverage(SYMBOL)["longLeverage"] == 5


def test_it_reads_funding_rates(kraken: Any) -> None:
    assert len(kraken.fetch_funding_rate_history(SYMBOL)) > 24
    assert kraken.fetch_funding_rates([SYMBOL])[SYMBOL]["symbol"] == SYMBOL


def test_refusals_are_errors_of_its_own(sim: RunningSimulator, kraken: Any) -> None:
    with pytest.raises(ccxt.InsufficientFunds):
        kraken.create_order(SYMBOL, "limit", "buy", 900, price(kraken, 0.9))
    with pytest.raises(ccxt.OrderImmediatelyFillable):
        kraken.create_order(SYMBOL, "limit", "buy", 0.01, price(kraken, 1.05), {"postOnly": True})
    with pytest.raises(ccxt.OrderNotFound):
        kraken.cancel_order("11111111-aaaa-4bbb-8ccc-000000000001", SYMBOL)
    kraken.create_order(SYMBOL, "market", "buy", 0.01, None, {"clientOrderId": "twice"})
    with pytest.raises(ccxt.DuplicateOrderId):
        kraken.create_order(SYMBOL, "market", "buy", 0.01, None, {"clientOrderId": "twice"})
    with pytest.raises(ccxt.AuthenticationError):
        client(sim, secret="AAAA").fetch_balance()
