"""The Coinbase Exchange adapter against a venue that answers what a test scripts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import time
import traceback
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from exchanges.base import Balance, Candle, Fill, KeyPermissions, Order, OrderStatus, OrderType, Side
from exchanges.errors import (
    AuthenticationError,
    ExchangeError,
    InvalidOrder,
    NotSupported,
    OrderNotFound,
    OrderOutcomeUnknown,
    TransientExchangeError,
)
from tests.exchanges.coinbase_exchange_replies import (
    ACCOUNTS,
    API_KEY,
    API_SECRET,
    BTC_USD,
    BUY_LIMIT,
    BUY_MARKET,
    BY_CLIENT_OID,
    BY_ID,
    CANDLES,
    CLIENT_OID,
    DELETE,
    DONE,
    ENTRY,
    FILLED,
    FILLS,
    LIST,
    MINE,
    NOT_FOUND,
    PASSPHRASE,
    PLACE,
    PRODUCTS,
    TIME,
    VENUE_ID,
    CoinbaseExchange,
    _exchange_server,
    adapter,
    exchange,
    venue,
)
from tests.exchanges.scripted import Script, Sent

__all__ = ["_exchange_server", "exchange", "venue"]
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
PENDING = ENTRY | {"status": "pending"}


def told(moment: datetime) -> tuple[int, Any]:
    return 200, {"iso": moment.isoformat(), "epoch": moment.timestamp()}


def is_signed(sent: Sent, path: str) -> bool:
    """With our secret, over the time, the method, the path with its query, and the body."""
    method, _, _ = sent.request.partition(" ")
    message = f"{sent.headers['CB-ACCESS-TIMESTAMP']}{method}{path}{sent.body}"
    digest = hmac.new(base64.b64decode(API_SECRET), message.encode(), hashlib.sha256).digest()
    return sent.headers["CB-ACCESS-SIGN"] == base64.b64encode(digest).decode()


# --- how requests go
def test_private_requests_are_signed(exchange: CoinbaseExchange, venue: Script) -> None:
    venue.answer(ACCOUNTS, (200, []))
    venue.answer(LIST, (200, []))
    venue.answer(PLACE, (200, PENDING))
    venue.answer(BY_ID, (200, ENTRY))
    exchange.get_balances()
    exchange.get_open_orders("BTC/USD")
    exchange.submit_order(BUY_LIMIT)
    assert is_signed(venue.of(ACCOUNTS)[0], "/accounts/")
    assert is_signed(venue.of(LIST)[0], "/orders?product_id=BTC-USD")
    assert is_signed(venue.of(PLACE)[0], "/orders")
    headers = venue.of(ACCOUNTS)[0].headers
    assert (headers["CB-ACCESS-KEY"], headers["CB-ACCESS-PASSPHRASE"]) == (API_KEY, PASSPHRASE)
    assert abs(float(headers["CB-ACCESS-TIMESTAMP"]) - time.time()) < 5


def test_public_requests_carry_no_key(exchange: CoinbaseExchange, venue: Script) -> None:
    venue.answer(TIME, told(NOON))
    exchange.get_server_time()
    exchange.instrument("BTC/USD")
    assert not any(name.startswith("CB-ACCESS") for sent in venue.sent for name in sent.headers)


def test_a_venue_that_does_not_answer_is_waited_for_no_longer_than_told(venue: Script) -> None:
    venue.answer(TIME, *["hang"] * 3)
    with adapter(venue, timeout_seconds=0.2) as patient, pytest.raises(TransientExchangeError, match=r"0\.2 seconds"):
        patient.get_server_time()


def test_a_redirect_is_not_followed_with_the_key(exchange: CoinbaseExchange, venue: Script) -> None:
    venue.answer(ACCOUNTS, *[(302, "", {"Location": f"{venue.url}/elsewhere"})] * 3)
    with pytest.raises(TransientExchangeError):
        exchange.get_balances()
    assert {sent.request for sent in venue.sent} == {ACCOUNTS}


@pytest.mark.parametrize(
    "key",
    [
        ("", API_SECRET, PASSPHRASE),
        (API_KEY, "", PASSPHRASE),
        (API_KEY, API_SECRET, ""),
        (API_KEY, "abcde", PASSPHRASE),
        (API_KEY, "ключ", PASSPHRASE),
        ("käse", API_SECRET, PASSPHRASE),
        (API_KEY, API_SECRET, "two\nlines"),
    ],
)
def test_a_key_that_cannot_be_one_is_said_without_telling_it(venue: Script, key: tuple[str, str, str]) -> None:
    with adapter(venue, *key) as made, pytest.raises(AuthenticationError) as caught:
        made.get_balances()
    error = caught.value
    assert error.__cause__ is error.__context__ is None
    assert venue.sent == []


def test_no_error_and_no_log_tells_a_secret(
    exchange: CoinbaseExchange, venue: Script, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for reply in ((400, {"message": "Invalid price"}), (500, "<html>"), "reset", (200, "no JSON")):
        venue.answer(PLACE, reply)
        with pytest.raises(ExchangeError) as caught:
            exchange.submit_order(BUY_LIMIT)
        error = caught.value
        assert error.__cause__ is error.__context__ is None
        told_by_traceback = traceback.TracebackException.from_exception(error, capture_locals=True).format()
        shown = "".join([repr(vars(error)), *told_by_traceback, caplog.text])
        signature = venue.of(PLACE)[-1].headers["CB-ACCESS-SIGN"]
        assert not any(secret in shown for secret in (API_KEY, API_SECRET, PASSPHRASE, signature))


@pytest.mark.parametrize("message", ["request timestamp expired", "invalid timestamp"])
def test_a_request_refused_for_its_time_is_sent_again_by_the_venues_clock(
    exchange: CoinbaseExchange, venue: Script, message: str
) -> None:
    venue_now = datetime.now(UTC) - timedelta(minutes=10)
    venue.answer(TIME, told(venue_now))
    venue.answer(PLACE, (401, {"message": message}), (200, PENDING))
    venue.answer(BY_ID, (200, ENTRY))
    assert exchange.submit_order(BUY_LIMIT).status is OrderStatus.OPEN
    sent = venue.of(PLACE)[-1]
    assert abs(float(sent.headers["CB-ACCESS-TIMESTAMP"]) - venue_now.timestamp()) < 5
    assert is_signed(sent, "/orders")


def test_a_clock_that_cannot_be_set_right_means_that_nothing_was_accepted(
    exchange: CoinbaseExchange, venue: Script
) -> None:
    venue.defaults[TIME] = told(NOON)
    venue.answer(PLACE, *[(401, {"message": "request timestamp expired"})] * 5)
    with pytest.raises(TransientExchangeError, match="clocks"):
        exchange.submit_order(BUY_LIMIT)


# --- orders
def test_an_order_is_sent_once_with_our_id_as_a_uuid_and_then_looked_at(
    exchange: CoinbaseExchange, venue: Script
) -> None:
    venue.answer(PLACE, (200, PENDING))
    venue.answer(BY_ID, NOT_FOUND, (200, ENTRY))
    assert exchange.submit_order(BUY_LIMIT) == Order(
        client_order_id=MINE,
        exchange_order_id=VENUE_ID,
        symbol="BTC/USD",
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        status=OrderStatus.OPEN,
        quantity=Decimal("0.5"),
        limit_price=Decimal(50000),
        updated_at=datetime(2026, 1, 5, 12, 0, 0, 123456, tzinfo=UTC),
    )
    (sent,) = venue.of(PLACE)
    assert sent.json == {
        "product_id": "BTC-USD",
        "side": "buy",
        "type": "limit",
        "price": "50000",
        "size": "0.5",
        "time_in_force": "GTC",
        "client_oid": CLIENT_OID,
    }


@pytest.mark.parametrize(
    ("changes", "body"),
    [
        ({"order_type": OrderType.MARKET, "limit_price": None}, {"type": "market", "size": "0.5"}),
        ({"post_only": True}, {"type": "limit", "post_only": True}),
        (
            {"order_type": OrderType.STOP_LOSS_LIMIT, "side": Side.SELL, "stop_price": Decimal(51000)},
            {"type": "limit", "stop": "loss", "stop_price": "51000", "price": "50000"},
        ),
        (
            {"order_type": OrderType.STOP_LOSS_LIMIT, "stop_price": Decimal(49000)},
            {"type": "limit", "stop": "entry", "stop_price": "49000"},
        ),
    ],
)
def test_every_order_type_in_the_venues_words(
    exchange: CoinbaseExchange, venue: Script, changes: dict[str, Any], body: dict[str, Any]
) -> None:
    venue.answer(PLACE, (200, PENDING))
    venue.answer(BY_ID, (200, FILLED))
    exchange.submit_order(replace(BUY_LIMIT, **changes))
    sent = venue.of(PLACE)[0].json
    assert {name: sent.get(name) for name in body} == body
    assert changes.get("limit_price", 1) is not None or "price" not in sent


def test_a_market_order_is_looked_at_until_it_is_done(exchange: CoinbaseExchange, venue: Script) -> None:
    venue.answer(PLACE, (200, PENDING))
    venue.answer(BY_ID, (200, PENDING), (200, FILLED))
    order = exchange.submit_order(BUY_MARKET)
    assert (order.status, order.filled_quantity) == (OrderStatus.FILLED, Decimal("0.5"))
    assert order.average_price == Decimal("49999.5")


def test_an_order_that_was_taken_but_cannot_be_read_just_now_is_open(exchange: CoinbaseExchange, venue: Script) -> None:
    venue.answer(PLACE, (200, PENDING))
    venue.answer(BY_ID, *[(500, "oops")] * 5)
    order = exchange.submit_order(BUY_MARKET)
    assert (order.status, order.exchange_order_id, order.client_order_id) == (OrderStatus.OPEN, VENUE_ID, MINE)


def test_an_order_that_would_take_and_must_not_is_refused(exchange: CoinbaseExchange, venue: Script) -> None:
    venue.answer(PLACE, (200, ENTRY | {"status": "rejected", "reject_reason": "post only"}))
    with pytest.raises(InvalidOrder, match="take from the book"):
        exchange.submit_order(replace(BUY_LIMIT, post_only=True))


@pytest.mark.parametrize("reply", ["reset", "hang", (500, ""), (502, "<html>"), (429, {}), (200, "no JSON"), (200, {})])
def test_a_submit_with_an_uncertain_outcome_is_never_sent_again(venue: Script, reply: Any) -> None:
    venue.answer(PLACE, reply)
    with adapter(venue, timeout_seconds=0.3) as made, pytest.raises(OrderOutcomeUnknown):
        made.submit_order(BUY_LIMIT)
    assert len(venue.of(PLACE)) == 1


def test_what_cannot_be_valid_is_refused_before_anything_is_sent(exchange: CoinbaseExchange, venue: Script) -> None:
    for changes, what in (
        ({"quantity": Decimal("0.123456789")}, "1E-8"),
        ({"limit_price": Decimal("50000.001")}, "0.01"),
        ({"quantity": Decimal("0.0001"), "limit_price": Decimal(9000)}, "1 USD"),
        ({"client_order_id": "not-a-uuid"}, "32 hex characters"),
    ):
        with pytest.raises(InvalidOrder, match=what):
            exchange.submit_order(replace(BUY_LIMIT, **changes))
    with pytest.raises(NotSupported):
        exchange.submit_order(replace(BUY_LIMIT, order_type=OrderType.TAKE_PROFIT, stop_price=Decimal(1)))
    with pytest.raises(NotSupported):
        exchange.create_take_profit_order("BTC/USD", Side.SELL, Decimal(1), Decimal(1), client_order_id=MINE)
    assert venue.of(PLACE) == []


def test_a_stop_loss_sells_by_a_limit_five_per_cent_through_its_trigger(
    exchange: CoinbaseExchange, venue: Script
) -> None:
    venue.answer(PLACE, (200, PENDING), (200, PENDING))
    venue.answer(BY_ID, (200, ENTRY), (200, ENTRY))
    for side in (Side.SELL, Side.BUY):
        exchange.create_stop_loss_order("BTC/USD", side, Decimal(1), Decimal("50000.01"), client_order_id=MINE)
    assert [(sent.json["price"], sent.json["stop"]) for sent in venue.of(PLACE)] == [
        ("47500.01", "loss"),
        ("52500.01", "entry"),
    ]


# --- looking up and cancelling
def test_an_order_is_looked_up_by_our_id(exchange: CoinbaseExchange, venue: Script) -> None:
    venue.answer(BY_CLIENT_OID, (200, {name: value for name, value in FILLED.items() if name != "client_oid"}))
    order = exchange.get_order("BTC/USD", MINE)
    assert (order.status, order.client_order_id) == (OrderStatus.FILLED, MINE)


def test_cancelling_looks_first_because_the_venue_forgets_what_never_filled(
    exchange: CoinbaseExchange, venue: Script
) -> None:
    venue.answer(BY_CLIENT_OID, (200, ENTRY), NOT_FOUND, NOT_FOUND)
    venue.answer(DELETE, (200, f'"{VENUE_ID}"'))
    venue.answer(BY_ID, NOT_FOUND)
    canceled = exchange.cancel_order("BTC/USD", MINE)
    assert (canceled.status, canceled.quantity) == (OrderStatus.CANCELED, Decimal("0.5"))
    assert exchange.get_order("BTC/USD", MINE) == canceled  # what we did ourselves we know
    with adapter(venue) as another, pytest.raises(OrderNotFound):
        another.get_order("BTC/USD", MINE)
    assert exchange.forgets_unfilled_orders  # so the platform knows what that means


def test_what_had_filled_before_it_was_canceled_is_told(exchange: CoinbaseExchange, venue: Script) -> None:
    part = {"done_reason": "canceled", "filled_size": "0.1", "executed_value": "5000"}
    venue.answer(BY_CLIENT_OID, (200, ENTRY))
    venue.answer(DELETE, (200, f'"{VENUE_ID}"'))
    venue.answer(BY_ID, (200, ENTRY), (200, FILLED | part))
    order = exchange.cancel_order("BTC/USD", MINE)
    assert (order.status, order.filled_quantity) == (OrderStatus.CANCELED, Decimal("0.1"))


@pytest.mark.parametrize("reply", [NOT_FOUND, (200, FILLED)])
def test_nothing_is_canceled_where_nothing_of_that_id_is_open(
    exchange: CoinbaseExchange, venue: Script, reply: Any
) -> None:
    venue.answer(BY_CLIENT_OID, reply)
    with pytest.raises(OrderNotFound):
        exchange.cancel_order("BTC/USD", MINE)
    assert venue.of(DELETE) == []


@pytest.mark.parametrize("reply", ["reset", (503, ""), (200, "no JSON")])
def test_a_cancel_with_an_uncertain_outcome_is_never_sent_again(
    exchange: CoinbaseExchange, venue: Script, reply: Any
) -> None:
    venue.answer(BY_CLIENT_OID, (200, ENTRY))
    venue.answer(DELETE, reply)
    with pytest.raises(OrderOutcomeUnknown):
        exchange.cancel_order("BTC/USD", MINE)
    assert len(venue.of(DELETE)) == 1


def test_open_orders_come_in_pages(exchange: CoinbaseExchange, venue: Script) -> None:
    stop = ENTRY | {"status": "active", "stop": "loss", "stop_price": "40000", "side": "sell"}
    venue.answer(LIST, (200, [ENTRY], {"CB-AFTER": "2"}), (200, [stop], {"CB-AFTER": "3"}), (200, []))
    first, second = exchange.get_open_orders()
    assert [sent.query.get("after") for sent in venue.of(LIST)] == [None, ["2"], ["3"]]
    assert (first.symbol, first.client_order_id, first.status) == ("BTC/USD", MINE, OrderStatus.OPEN)
    assert (second.order_type, second.stop_price) == (OrderType.STOP_LOSS_LIMIT, 40000)


@pytest.mark.parametrize(
    ("changes", "status", "order_type"),
    [
        ({"status": "received"}, OrderStatus.OPEN, OrderType.LIMIT),
        ({"filled_size": "0.1", "executed_value": "5000"}, OrderStatus.PARTIALLY_FILLED, OrderType.LIMIT),
        (DONE | {"done_reason": "canceled"}, OrderStatus.CANCELED, OrderType.LIMIT),
        (DONE | {"type": "market", "price": None, "size": None}, OrderStatus.FILLED, OrderType.MARKET),
        ({"stop": "entry", "stop_price": "1", "side": "sell"}, OrderStatus.OPEN, OrderType.TAKE_PROFIT_LIMIT),
        ({"type": "stop", "stop": "loss", "stop_price": "1", "side": "sell"}, OrderStatus.OPEN, OrderType.STOP_LOSS),
    ],
)
def test_orders_of_every_kind_can_be_read(
    exchange: CoinbaseExchange, venue: Script, changes: dict[str, Any], status: OrderStatus, order_type: OrderType
) -> None:
    venue.answer(BY_CLIENT_OID, (200, ENTRY | changes))
    order = exchange.get_order("BTC/USD", MINE)
    assert (order.status, order.order_type, order.quantity) == (status, order_type, Decimal("0.5"))


# --- fills, balances, market data
def test_fills_have_their_fee_in_the_quote_asset(exchange: CoinbaseExchange, venue: Script) -> None:
    fill = {"trade_id": 10, "order_id": VENUE_ID, "price": "50000.00", "size": "0.1", "fee": "30.00", "side": "buy"}
    rows = [fill | {"created_at": "2026-01-05T12:00:01Z"}, fill | {"trade_id": 9, "created_at": "2026-01-05T12:00:00Z"}]
    venue.answer(FILLS, (200, rows))
    first, second = exchange.get_fills("BTC/USD", exchange_order_id=VENUE_ID)
    assert venue.of(FILLS)[0].query["order_id"] == [VENUE_ID]
    assert first == Fill("9", VENUE_ID, "BTC/USD", Side.BUY, Decimal(50000), Decimal("0.1"), Decimal(30), "USD", NOON)
    assert second.fill_id == "10"


def test_balances_and_what_a_key_may_do(exchange: CoinbaseExchange, venue: Script) -> None:
    wallet = {"currency": "BTC", "balance": "1.5", "available": "1", "hold": "0.5000000000000000"}
    venue.answer(ACCOUNTS, (200, [wallet, wallet | {"currency": "ETH", "available": "0", "hold": "0.00"}]))
    assert exchange.get_balances() == {"BTC": Balance("BTC", Decimal(1), Decimal("0.5"))}
    assert exchange.get_key_permissions() == KeyPermissions()  # the venue does not tell
    assert len(venue.sent) == 1


@pytest.mark.parametrize(
    ("flags", "is_trading", "order_types"),
    [
        ({}, True, {OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT}),
        ({"limit_only": True}, True, {OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT}),
        ({"post_only": True}, True, {OrderType.LIMIT}),
        *[
            ({flag: True}, False, {OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT})
            for flag in ("trading_disabled", "cancel_only", "auction_mode")
        ],
        ({"status": "offline"}, False, {OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT}),
    ],
)
def test_what_a_products_flags_mean(
    exchange: CoinbaseExchange, venue: Script, flags: dict[str, Any], is_trading: bool, order_types: set[OrderType]
) -> None:
    auction = BTC_USD | {"id": "BTCAUCTION-USD"}
    venue.answer(PRODUCTS, (200, [BTC_USD | flags, auction]))
    (instrument,) = exchange.get_instruments()
    assert (instrument.symbol, instrument.venue_symbol) == ("BTC/USD", "BTC-USD")
    assert (instrument.is_trading, set(instrument.order_types)) == (is_trading, order_types)
    assert (instrument.tick_size, instrument.lot_step) == (Decimal("0.01"), Decimal("1E-8"))
    assert (instrument.min_notional, instrument.max_quantity) == (Decimal(1), None)


def test_candles_are_asked_for_in_pages_of_300_and_come_oldest_first(exchange: CoinbaseExchange, venue: Script) -> None:
    venue.answer(TIME, told(NOON))

    def rows(sent: Sent) -> tuple[int, Any]:
        start, end = (datetime.fromisoformat(sent.query[name][0]).timestamp() for name in ("start", "end"))
        assert sent.query["granularity"] == ["60"]
        assert (end - start) // 60 < 300
        return 200, [[when, 1.1, 4.4, 2.2, 3.3, 0.5] for when in range(int(end), int(start) - 1, -60)]

    venue.defaults[CANDLES] = rows
    candles = exchange.get_candles("BTC/USD", "1m", limit=650)
    assert len(candles) == 650
    assert candles[-1] == Candle(NOON - timedelta(minutes=1), *map(Decimal, ("2.2", "4.4", "1.1", "3.3", "0.5")))
    assert len(venue.of(CANDLES)) == 3


def test_four_hours_are_four_times_one(exchange: CoinbaseExchange, venue: Script) -> None:
    venue.answer(TIME, told(NOON))
    eight = int(NOON.timestamp()) - 4 * 3600
    venue.answer(CANDLES, (200, [[eight + hour * 3600, 10 - hour, 20 + hour, hour, hour + 1, 1] for hour in range(4)]))
    (candle,) = exchange.get_candles("BTC/USD", "4h", limit=1)
    assert candle == Candle(NOON - timedelta(hours=4), *map(Decimal, (0, 23, 7, 4, 4)))
    assert venue.of(CANDLES)[0].query["granularity"] == ["3600"]


def test_the_price_and_the_quote(exchange: CoinbaseExchange, venue: Script) -> None:
    venue.answer("GET /products/BTC-USD/ticker", (200, {"price": "60000.01", "bid": "1", "ask": "2"}))
    venue.answer("GET /products/BTC-USD/book", (200, {"bids": [["9", "1", 3]], "asks": [["11", "2", 1]]}))
    assert exchange.get_current_price("BTC/USD") == Decimal("60000.01")
    quote = exchange.get_quote("BTC/USD")
    assert (quote.bid, quote.ask, quote.bid_size, quote.ask_size) == (9, 11, 1, 2)


def test_every_request_costs_one_of_a_limit_that_there_is() -> None:
    from exchanges.adapters.coinbase_exchange.limits import COSTS, RATE_LIMITS

    names = {limit.name for limit in RATE_LIMITS}
    assert all(set(cost) <= names and sum(cost.values()) == 1 for cost in COSTS.values())
    public = {name for name in vars(CoinbaseExchange) if name.startswith(("get_", "submit_", "cancel_", "test_"))}
    assert public == set(COSTS)
