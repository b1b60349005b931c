"""Unmodified clients trade on Kraken's face: krakenex, ccxt, and our adapters."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import krakenex
import pytest

from exchanges.adapters.kraken import KrakenExchange, KrakenMargin
from exchanges.adapters.kraken import exchange as adapter_module
from exchanges.adapters.kraken.client import Nonces
from exchanges.base import MarketType, OrderRequest, OrderStatus, OrderType, PositionSide, Side
from exchanges.errors import (
    InsufficientFunds,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderRejected,
    TransientExchangeError,
)
from exchanges.simulator.testing import Key, RunningSimulator, running_simulator

SYMBOL, PAIR = "BTC/USD", "XBTUSD"


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSimulator]:
    with running_simulator() as simulator:
        for face in simulator.server.faces_of("kraken"):
            face.counters.is_counting = False  # type: ignore[attr-defined]  # these tests do in a second what takes minutes
        yield simulator


@pytest.fixture
def sim(running: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> RunningSimulator:
    adapter_module._names.clear()
    adapter_module._clocks.clear()
    monkeypatch.setattr("exchanges.calls.time.sleep", lambda seconds: None)
    running.clear_faults()
    return running


@pytest.fixture
def key(sim: RunningSimulator) -> Key:
    return sim.new_account(venue="kraken", USD=100_000, BTC=1)


def ask(client: krakenex.API, method: str, **data: Any) -> Any:
    """The result; sent again where the client's clock gave it a millisecond twice."""
    while (reply := client.query_private(method, data))["error"] == ["EAPI:Invalid nonce"]:
        pass
    assert reply["error"] == []
    return reply["result"]


# --- krakenex
@pytest.fixture
def client(sim: RunningSimulator, key: Key) -> Iterator[krakenex.API]:
    client = krakenex.API(key.api_key, key.api_secret)
    client.uri = sim.urls["kraken"]
    client.session.trust_env = False
    yield client
    client.close()


def test_krakenex_reads_markets_candles_and_balances(client: krakenex.API) -> None:
    assert client.query_public("SystemStatus")["result"]["status"] == "online"
    assert client.query_public("AssetPairs")["result"]["XXBTZUSD"]["wsname"] == "XBT/USD"
    assert len(client.query_public("OHLC", {"pair": PAIR, "interval": 5})["result"]["XXBTZUSD"]) == 720
    assert ask(client, "BalanceEx")["ZUSD"] == {"balance": "100000.0000", "hold_trade": "0.0000"}


@pytest.mark.parametrize("leverage", [None, "3:1"])
def test_krakenex_places_looks_up_and_cancels(client: krakenex.API, leverage: str | None) -> None:
    common = {"pair": PAIR, "volume": "0.01"} | ({"leverage": leverage} if leverage else {})
    (bought,) = ask(client, "AddOrder", type="buy", ordertype="market", **common)["txid"]
    order = ask(client, "QueryOrders", txid=bought, trades=True)[bought]
    assert (order["status"], order["vol_exec"]) == ("closed", "0.01000000")
    assert list(ask(client, "QueryTrades", txid=",".join(order["trades"]))) == order["trades"]
    for kind, price in (("limit", "90000"), ("stop-loss", "30000")):
        (txid,) = ask(client, "AddOrder", type="sell", ordertype=kind, price=price, **common)["txid"]
        assert list(ask(client, "OpenOrders")["open"]) == [txid]
        assert ask(client, "CancelOrder", txid=txid) == {"count": 1}
        assert ask(client, "ClosedOrders")["closed"][txid]["status"] == "canceled"
    assert len(ask(client, "OpenPositions", docalcs=True)) == (1 if leverage else 0)


# --- ccxt
@pytest.fixture
def ccxt_kraken(sim: RunningSimulator, key: Key) -> Any:
    ccxt = pytest.importorskip("ccxt")
    exchange = ccxt.kraken({"apiKey": key.api_key, "secret": key.api_secret, "enableRateLimit": False})
    exchange.session.trust_env = False
    url = sim.urls["kraken"]
    exchange.urls["api"] = {
        name: each.replace("https://api.kraken.com", url) for name, each in exchange.urls["api"].items()
    }
    nonces = iter(range(1, 10_000))
    exchange.nonce = lambda: next(nonces)  # the way its manual gives against a clock in milliseconds
    yield exchange
    exchange.session.close()


def test_ccxt_reads_markets_candles_and_balances(ccxt_kraken: Any, sim: RunningSimulator) -> None:
    markets = ccxt_kraken.load_markets()
    assert (markets[SYMBOL]["precision"]["price"], markets[SYMBOL]["margin"]) == (0.1, True)
    assert ccxt_kraken.fetch_balance()["total"]["USD"] == 100_000
    assert len(ccxt_kraken.fetch_ohlcv(SYMBOL, "1h")) == 720
    assert ccxt_kraken.fetch_time() // 1000 == sim.now_ms() // 1000
    ticker = ccxt_kraken.fetch_ticker(SYMBOL)
    assert ticker["bid"] < ticker["last"] < ticker["ask"]
    assert ccxt_kraken.fetch_order_book(SYMBOL)["asks"][0][0] == ticker["ask"]


@pytest.mark.parametrize("options", [{}, {"leverage": "3"}], ids=["spot", "margin"])
def test_ccxt_places_looks_up_and_cancels(ccxt_kraken: Any, options: dict[str, str]) -> None:
    created = ccxt_kraken.create_order(SYMBOL, "market", "buy", 0.02, None, options)
    order = ccxt_kraken.fetch_order(created["id"], SYMBOL)
    assert (order["status"], order["filled"], order["fee"]["currency"]) == ("closed", 0.02, "USD")
    trades = ccxt_kraken.fetch_my_trades(SYMBOL)
    assert [(trade["order"], trade["amount"]) for trade in trades] == [(created["id"], 0.02)]
    # A stop with a limit: of one without, with leverage, ccxt takes the word "leverage" for a price.
    for price, more in ((90_000, {}), (29_000, {"stopLossPrice": 30_000}), (90_000, {"clientOrderId": uuid4().hex})):
        resting = ccxt_kraken.create_order(SYMBOL, "limit", "sell", 0.01, price, options | more)
        assert [each["id"] for each in ccxt_kraken.fetch_open_orders(SYMBOL)] == [resting["id"]]
        found = ccxt_kraken.fetch_order(resting["id"], SYMBOL)
        assert (found["status"], found["stopPrice"]) == ("open", more.get("stopLossPrice"))
        assert found["clientOrderId"] == more.get("clientOrderId")
        ccxt_kraken.cancel_order(resting["id"], SYMBOL)
        assert ccxt_kraken.fetch_order(resting["id"], SYMBOL)["status"] == "canceled"
    positions = ccxt_kraken.fetch_positions()
    assert [(p["symbol"], p["side"], p["contracts"], p["leverage"]) for p in positions] == (
        [(SYMBOL, "long", 0.02, 3.0)] if options else []
    )


def test_ccxt_places_stops_and_trailing_stops(ccxt_kraken: Any) -> None:
    for more in ({"stopLossPrice": 30_000}, {"takeProfitPrice": 90_000}, {"trailingPercent": "2.5"}):
        created = ccxt_kraken.create_order(SYMBOL, "market", "sell", 0.01, None, more)
        assert ccxt_kraken.fetch_order(created["id"], SYMBOL)["status"] == "open"
        ccxt_kraken.cancel_order(created["id"], SYMBOL)


def test_ccxt_meets_the_errors_that_it_knows(ccxt_kraken: Any) -> None:
    ccxt = pytest.importorskip("ccxt")
    with pytest.raises(ccxt.InsufficientFunds):
        ccxt_kraken.create_order(SYMBOL, "limit", "buy", 100, 50_000)
    ccxt_kraken.secret = "AAAA"
    with pytest.raises(ccxt.ExchangeError, match="Invalid signature"):
        ccxt_kraken.fetch_balance()


# --- our adapters
@pytest.fixture
def spot(sim: RunningSimulator, key: Key) -> Iterator[KrakenExchange]:
    with KrakenExchange(key.api_key, key.api_secret, False, base_url=sim.urls["kraken"]) as exchange:
        yield exchange


@pytest.fixture
def margin(sim: RunningSimulator, key: Key) -> Iterator[KrakenMargin]:
    with KrakenMargin(
        key.api_key,
        key.api_secret,
        False,
        base_url=sim.urls["kraken"],
        market_type=MarketType.MARGIN,
        leverage=3,
    ) as exchange:
        yield exchange


def request(
    side: Side = Side.BUY, order_type: OrderType = OrderType.MARKET, quantity: str = "0.01", **more: Any
) -> Any:
    return OrderRequest(uuid4().hex, SYMBOL, side, order_type, Decimal(quantity), **more)


def holdings(sim: RunningSimulator, key: Key) -> dict[str, Decimal]:
    account = sim.account("kraken", api_key=key.api_key)
    return {name: Decimal(held["free"]) + Decimal(held["locked"]) for name, held in account["balances"].items()}


def test_what_is_read_back_is_what_the_books_say(spot: KrakenExchange, sim: RunningSimulator, key: Key) -> None:
    order = spot.submit_order(request(quantity="1.2"))
    fills = spot.get_fills(SYMBOL, exchange_order_id=order.exchange_order_id)
    assert len(fills) > 1
    assert sum(fill.quantity for fill in fills) == order.filled_quantity == Decimal("1.2")
    spent = sum(fill.price * fill.quantity + fill.fee for fill in fills)
    assert {fill.fee_asset for fill in fills} == {"USD"}
    assert holdings(sim, key) == {"USD": 100_000 - spent, "BTC": Decimal("2.2")}
    assert {name: balance.total for name, balance in spot.get_balances().items()} == holdings(sim, key)


def test_a_post_only_order_that_would_take_is_rejected(spot: KrakenExchange) -> None:
    asked = request(order_type=OrderType.LIMIT, limit_price=Decimal(90_000), post_only=True)
    with pytest.raises(OrderRejected, match="Post only"):
        spot.submit_order(asked)
    assert spot.get_order(SYMBOL, asked.client_order_id).status is OrderStatus.REJECTED


def test_a_trailing_stop_follows_the_price(spot: KrakenExchange, sim: RunningSimulator) -> None:
    placed = spot.create_trailing_stop_order(
        SYMBOL, Side.SELL, Decimal("0.01"), Decimal("2.5"), client_order_id=uuid4().hex
    )
    assert (placed.status, placed.trailing_pct) == (OrderStatus.OPEN, Decimal("2.5"))
    spot.cancel_order(SYMBOL, placed.client_order_id)


def test_a_short_position_from_opening_to_closing(margin: KrakenMargin, sim: RunningSimulator, key: Key) -> None:
    since = sim.now()
    opened = margin.submit_order(request(Side.SELL, quantity="0.5"))
    (position,) = margin.get_positions(SYMBOL)
    assert (position.side, position.quantity, position.leverage) == (PositionSide.SHORT, Decimal("0.5"), Decimal(3))
    assert position.entry_price == opened.average_price
    books = sim.call(
        lambda s: s.venues["kraken"].liquidation_price(s.venues["kraken"].accounts[key.account_id], SYMBOL)
    )
    assert position.liquidation_price is not None
    assert abs(position.liquidation_price - books) < Decimal("0.01")
    balance = margin.get_balances()["USD"]
    stands_behind = position.entry_price * position.quantity / 3 - position.unrealised_pnl
    assert abs(balance.used - stands_behind) < Decimal("0.000001")
    sim.advance(timedelta(hours=8, minutes=1))
    paid = margin.get_funding_payments(SYMBOL, since=since)
    assert [payment.asset for payment in paid] == ["USD"] * 3
    assert all(payment.amount < 0 for payment in paid)
    assert margin.get_funding_payments("ETH/USD", since=since) == []
    closed = margin.submit_order(request(quantity="0.5", reduce_only=True))
    assert margin.get_positions() == []
    fees = sum(
        fill.fee
        for order in (opened, closed)
        for fill in margin.get_fills(SYMBOL, exchange_order_id=order.exchange_order_id)
    )
    assert opened.average_price is not None
    assert closed.average_price is not None
    made = (opened.average_price - closed.average_price) * Decimal("0.5")
    money = 100_000 + made - fees + sum(payment.amount for payment in paid)
    assert abs(holdings(sim, key)["USD"] - money) < Decimal("0.000001")
    with pytest.raises(OrderRejected, match="No position exists"):
        margin.submit_order(request(quantity="0.5", reduce_only=True))
    with pytest.raises(InsufficientFunds):
        margin.submit_order(request(quantity="50"))


@pytest.mark.parametrize(
    ("kind", "options", "is_placed"),
    [
        ("reply_lost", {}, True),
        ("malformed", {}, True),
        ("server_error", {"acted": True}, True),
        ("server_error", {}, False),
        ("connection_reset", {}, False),
    ],
)
def test_an_order_whose_reply_is_missing_is_found_by_its_id(
    spot: KrakenExchange, sim: RunningSimulator, kind: str, options: dict[str, Any], is_placed: bool
) -> None:
    asked = request()
    sim.fault(kind, "kraken", "submit", **options)
    with pytest.raises(OrderOutcomeUnknown):
        spot.submit_order(asked)
    if is_placed:
        assert spot.get_order(SYMBOL, asked.client_order_id).status is OrderStatus.FILLED
    else:
        with pytest.raises(OrderNotFound):
            spot.get_order(SYMBOL, asked.client_order_id)


def test_an_order_that_is_delivered_twice_is_placed_once(spot: KrakenExchange, sim: RunningSimulator, key: Key) -> None:
    sim.fault("duplicate_delivery", "kraken", "submit")
    order = spot.submit_order(request())
    assert order.status is OrderStatus.FILLED
    assert len(sim.account("kraken", api_key=key.api_key)["orders"]) == 1


def test_a_jump_of_the_venues_clock_costs_no_order(spot: KrakenExchange, sim: RunningSimulator) -> None:
    spot.get_server_time()
    sim.advance(minutes=30)
    assert spot.submit_order(request()).status is OrderStatus.FILLED


@pytest.mark.parametrize("share_a_process", [True, False])
def test_workers_with_one_key_get_all_their_orders_through(running: RunningSimulator, share_a_process: bool) -> None:
    """In one process they take turns; from several they overtake each other, and who is refused sends again.

    "Transient" of a submit is a promise that nothing was accepted, so it may be submitted once more.
    """
    key = running.new_account(venue="kraken", USD=100_000)
    placed: list[str] = []
    problems: list[BaseException] = []

    def work() -> None:
        try:
            with KrakenExchange(key.api_key, key.api_secret, False, base_url=running.urls["kraken"]) as exchange:
                if not share_a_process:
                    exchange._client.nonces = Nonces()
                for _ in range(4):
                    asked = request(order_type=OrderType.LIMIT, limit_price=Decimal(20_000))
                    try:
                        exchange.submit_order(asked)
                    except TransientExchangeError:
                        exchange.submit_order(asked)
                    placed.append(asked.client_order_id)
        except BaseException as error:
            problems.append(error)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert problems == []
    orders = running.account("kraken", api_key=key.api_key)["orders"]
    assert sorted(order["client_order_id"] for order in orders) == sorted(placed)
    assert len(placed) == 12
