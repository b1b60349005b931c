"""What the Kraken spot adapter sends and how it reads the replies, against scripted ones."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from exchanges.adapters.kraken import KrakenExchange
from exchanges.adapters.kraken import client as client_module
from exchanges.adapters.kraken.client import Nonces, SpotClient
from exchanges.base import MarketType, OrderRequest, OrderStatus, OrderType, Side
from exchanges.errors import (
    AuthenticationError,
    InvalidOrder,
    NotSupported,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderRejected,
    TransientExchangeError,
)
from tests.exchanges.conftest import StandIn
from tests.exchanges.kraken_replies import (
    API_KEY,
    API_SECRET,
    BTC_USD,
    CLIENT_ID,
    PAIRS,
    PRIVATE,
    PUBLIC,
    TRADE,
    TRADE_ROW,
    TXID,
    bad,
    good,
    make_kraken,
    order,
    script,
)

ADDED = good({"descr": {"order": "buy 0.3 XBTUSD @ market"}, "txid": [TXID]})


@pytest.fixture
def kraken(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[KrakenExchange]:
    script(stand_in, monkeypatch)
    with make_kraken(stand_in) as exchange:
        yield exchange


def request(order_type: OrderType = OrderType.MARKET, **changes: Any) -> OrderRequest:
    values: dict[str, Any] = {"side": Side.BUY, "quantity": Decimal("0.3")} | changes
    return OrderRequest(CLIENT_ID, "BTC/USD", values.pop("side"), order_type, values.pop("quantity"), **values)


def sent(stand_in: StandIn, path: str) -> list[dict[str, str]]:
    return [parameters for seen, parameters in stand_in.requests if seen == path]


# --- signing and nonces
def test_requests_are_signed_as_the_documentation_shows() -> None:
    """The example of https://docs.kraken.com/api/docs/guides/spot-rest-auth"""
    client = SpotClient(API_KEY, API_SECRET, base_url="http://127.0.0.1:9", timeout_seconds=1)
    data = {
        "nonce": "1616492376594",
        "ordertype": "limit",
        "pair": "XBTUSD",
        "price": 37500,
        "type": "buy",
        "volume": 1.25,
    }
    signature = client._sign(data, "/0/private/AddOrder")
    assert signature == "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="


def test_what_is_sent_is_what_is_signed(kraken: KrakenExchange, stand_in: StandIn) -> None:
    headers: dict[str, str] = {}
    kraken._client.session.hooks["response"].append(lambda reply, **_: headers.update(reply.request.headers))
    stand_in.answer(PRIVATE + "BalanceEx", good({}))
    kraken.get_balances()
    body = urlencode(sent(stand_in, PRIVATE + "BalanceEx")[0])
    nonce = sent(stand_in, PRIVATE + "BalanceEx")[0]["nonce"]
    message = b"/0/private/BalanceEx" + hashlib.sha256((nonce + body).encode()).digest()
    expected = base64.b64encode(hmac.new(base64.b64decode(API_SECRET), message, hashlib.sha512).digest()).decode()
    assert (headers["API-Key"], headers["API-Sign"]) == (API_KEY, expected)


def test_nonces_only_go_up_even_where_the_clock_stands_still_or_goes_back() -> None:
    ticks = iter([5_000_000, 5_000_000, 5_000_999, 4_000_000, 9_000_000])
    nonces = Nonces(clock_ns=lambda: next(ticks))
    assert [nonces.next("key") for _ in range(5)] == [5000, 5001, 5002, 5003, 9000]


def test_nonces_of_many_threads_never_repeat() -> None:
    nonces = Nonces(clock_ns=lambda: 0)
    seen: list[int] = []

    def take() -> None:
        seen.extend([nonces.next("key") for _ in range(1000)])

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(1, 8001))


def test_every_adapter_with_one_key_counts_together(kraken: KrakenExchange, stand_in: StandIn) -> None:
    stand_in.answer(PRIVATE + "BalanceEx", *[good({})] * 4)
    with make_kraken(stand_in) as another:
        for exchange in (kraken, another, kraken, another):
            exchange.get_balances()
    nonces = [int(parameters["nonce"]) for parameters in sent(stand_in, PRIVATE + "BalanceEx")]
    assert nonces == sorted(set(nonces))


def test_a_nonce_leads_once_another_workers_clock_has_shown_to_be_ahead() -> None:
    nonces = Nonces(clock_ns=lambda: 1_000_000_000)
    nonces.refused("key")  # overtaken on the wire: nothing to correct
    assert nonces.next("key") == 1_000_000
    nonces.refused("key")
    assert nonces.next("key") == 6_000_000
    nonces.refused("key")
    assert nonces.next("key") == 11_000_000
    nonces.accepted("key")
    nonces.refused("key")
    assert nonces.next("key") == 11_000_001  # what it leads by stays, and grows no more
    assert nonces.next("another key") == 1_000_000


@pytest.mark.parametrize("path", ["AddOrder", "BalanceEx"])
def test_a_refused_nonce_is_followed_at_once_by_a_new_one(kraken: KrakenExchange, stand_in: StandIn, path: str) -> None:
    """Safe for a submit too: the venue checks the nonce before it does anything."""
    done = ADDED if path == "AddOrder" else good({})
    stand_in.answer(PRIVATE + path, bad("EAPI:Invalid nonce"), done)
    stand_in.answer(PRIVATE + "OpenOrders", good({"open": {}}))
    stand_in.answer(PRIVATE + "ClosedOrders", good({"closed": {}}))
    if path == "AddOrder":
        kraken.submit_order(request())
    else:
        kraken.get_balances()
    first, second = sent(stand_in, PRIVATE + path)
    assert int(second["nonce"]) > int(first["nonce"])
    assert first.get("cl_ord_id") == second.get("cl_ord_id")


@pytest.mark.parametrize("listed", ["open", "closed"])
def test_an_order_that_arrived_twice_is_placed_once(kraken: KrakenExchange, stand_in: StandIn, listed: str) -> None:
    """Where something on the way repeats a request, the second is refused for its nonce, the first was carried out."""
    stand_in.answer(PRIVATE + "AddOrder", bad("EAPI:Invalid nonce"), ADDED)
    stand_in.answer(PRIVATE + "OpenOrders", good({"open": {TXID: order()} if listed == "open" else {}}))
    stand_in.answer(PRIVATE + "ClosedOrders", good({"closed": {TXID: order()}}))
    assert kraken.submit_order(request()).exchange_order_id == TXID
    assert stand_in.count(PRIVATE + "AddOrder") == 1


def test_where_that_cannot_be_seen_the_outcome_is_unknown(kraken: KrakenExchange, stand_in: StandIn) -> None:
    stand_in.answer(PRIVATE + "AddOrder", bad("EAPI:Invalid nonce"), ADDED)
    stand_in.answer(PRIVATE + "OpenOrders", bad("EService:Unavailable"))
    with pytest.raises(OrderOutcomeUnknown):
        kraken.submit_order(request())
    assert stand_in.count(PRIVATE + "AddOrder") == 1


def test_a_nonce_that_is_never_taken_gives_up_and_says_why(kraken: KrakenExchange, stand_in: StandIn) -> None:
    stand_in.answer(PRIVATE + "AddOrder", *[bad("EAPI:Invalid nonce")] * 9)
    stand_in.answer(PRIVATE + "OpenOrders", *[good({"open": {}})] * 9)
    stand_in.answer(PRIVATE + "ClosedOrders", *[good({"closed": {}})] * 9)
    with pytest.raises(TransientExchangeError, match="another program uses the same key"):
        kraken.submit_order(request())
    assert stand_in.count(PRIVATE + "AddOrder") == 3


def test_a_secret_that_is_none_of_krakens_is_refused_by_the_venue(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(stand_in, monkeypatch)
    stand_in.answer(PRIVATE + "BalanceEx", bad("EAPI:Invalid signature"))
    with (
        KrakenExchange(API_KEY, "s", False, base_url=stand_in.url) as exchange,
        pytest.raises(AuthenticationError, match="secret"),
    ):
        exchange.get_balances()


# --- market data
def test_symbols_are_ours_and_come_from_the_venues_lists(kraken: KrakenExchange) -> None:
    bitcoin, doge = kraken.get_instruments()
    assert (bitcoin.symbol, bitcoin.venue_symbol, bitcoin.base, bitcoin.quote) == ("BTC/USD", "XXBTZUSD", "BTC", "USD")
    assert (doge.symbol, doge.venue_symbol) == ("DOGE/USDT", "XDGUSDT")
    assert (bitcoin.tick_size, bitcoin.lot_step) == (Decimal("0.1"), Decimal("0.00000001"))
    assert (bitcoin.min_quantity, bitcoin.min_notional, bitcoin.max_leverage) == (Decimal("0.00005"), Decimal("0.5"), 1)


def test_dark_pools_and_second_listings_of_a_pair_are_left_out(kraken: KrakenExchange, stand_in: StandIn) -> None:
    dark = {name: value for name, value in BTC_USD.items() if name != "wsname"}
    stand_in.answer(PUBLIC + "AssetPairs", good({"XXBTZUSD.d": dark, **PAIRS, "XXBTZUSD:BTNL": BTC_USD}))
    assert [instrument.venue_symbol for instrument in kraken.get_instruments()] == ["XXBTZUSD", "XDGUSDT"]


@pytest.mark.parametrize(
    ("status", "trades", "types"),
    [
        ("online", True, ()),
        ("cancel_only", False, ()),
        ("post_only", False, ()),
        ("limit_only", True, (OrderType.LIMIT,)),
        ("reduce_only", True, ()),
    ],
)
def test_a_pairs_status_says_what_it_takes(
    kraken: KrakenExchange, stand_in: StandIn, status: str, trades: bool, types: tuple[OrderType, ...]
) -> None:
    stand_in.answer(PUBLIC + "AssetPairs", good({"XXBTZUSD": BTC_USD | {"status": status}}))
    (instrument,) = kraken.get_instruments()
    assert (instrument.is_trading, instrument.order_types) == (trades, types)


def candle_rows(opens: list[int]) -> Any:
    rows = [[at, "1.0", "2.0", "0.5", "1.5", "1.2", "7.00000000", 3] for at in opens]
    return good({"XXBTZUSD": rows, "last": opens[-2]})


def test_the_open_candle_is_never_among_them(kraken: KrakenExchange, stand_in: StandIn) -> None:
    opens = [1_700_000_000 // 60 * 60 + 60 * number for number in range(5)]
    stand_in.answer(PUBLIC + "OHLC", candle_rows(opens), candle_rows(opens))
    candles = kraken.get_candles("BTC/USD", "1m", limit=3)
    assert [int(candle.open_time.timestamp()) for candle in candles] == opens[1:4]
    assert (candles[0].close, candles[0].volume) == (Decimal("1.5"), Decimal(7))
    since = datetime.fromtimestamp(opens[1], UTC)
    assert [c.open_time for c in kraken.get_candles("BTC/USD", "1m", since=since, limit=2)] == [
        since,
        since + timedelta(minutes=1),
    ]
    asked = sent(stand_in, PUBLIC + "OHLC")
    assert asked[0] == {"pair": "XXBTZUSD", "interval": "1"}
    assert asked[1]["since"] == str(opens[0])


def test_an_unknown_timeframe_is_refused(kraken: KrakenExchange) -> None:
    with pytest.raises(NotSupported):
        kraken.get_candles("BTC/USD", "7m")


def test_price_and_quote_come_from_the_ticker(kraken: KrakenExchange, stand_in: StandIn) -> None:
    ticker = {
        "a": ["30300.10000", "1", "1.500"],
        "b": ["30300.00000", "1", "0.700"],
        "c": ["30303.20000", "0.00067643"],
    }
    stand_in.answer(PUBLIC + "Ticker", *[good({"XXBTZUSD": ticker})] * 2)
    assert kraken.get_current_price("BTC/USD") == Decimal("30303.2")
    quote = kraken.get_quote("BTC/USD")
    assert (quote.bid, quote.ask) == (Decimal(30300), Decimal("30300.1"))
    assert (quote.bid_size, quote.ask_size) == (Decimal("0.7"), Decimal("1.5"))


# --- the account
def test_balances_are_what_can_be_traded_and_what_is_held(kraken: KrakenExchange, stand_in: StandIn) -> None:
    stand_in.answer(
        PRIVATE + "BalanceEx",
        good(
            {
                "ZUSD": {"balance": "25435.21", "hold_trade": "8249.76"},
                "XXBT": {"balance": "1.2435000000", "hold_trade": "0.8423000000", "credit": "1", "credit_used": "0.5"},
                "XXDG": {"balance": "0.00000000", "hold_trade": "0.00000000"},
                "USDT": {"balance": "10.5", "hold_trade": "0"},
                "USDT.F": {"balance": "2", "hold_trade": "0"},
            }
        ),
    )
    balances = kraken.get_balances()
    assert sorted(balances) == ["BTC", "USD", "USDT"]
    assert (balances["USD"].free, balances["USD"].used) == (Decimal("17185.45"), Decimal("8249.76"))
    assert (balances["BTC"].free, balances["BTC"].used) == (Decimal("0.9012"), Decimal("0.8423"))
    assert balances["USDT"].free == Decimal("12.5")  # what earns by itself can be traded


READS = ["query-funds", "query-open-trades", "query-closed-trades"]


@pytest.mark.parametrize(
    ("granted", "reads", "trades", "withdraws"),
    [
        ([*READS, "modify-trades", "close-trades"], True, True, False),
        ([*READS], True, False, False),
        (["query-funds", "modify-trades"], False, True, False),
        ([*READS, "withdraw-funds"], True, False, True),
        ([*READS, "update-withdraw-address"], True, False, True),
    ],
)
def test_permissions_of_a_key(
    kraken: KrakenExchange, stand_in: StandIn, granted: list[str], reads: bool, trades: bool, withdraws: bool
) -> None:
    stand_in.answer(PRIVATE + "GetApiKeyInfo", good({"apiKeyName": "x", "permissions": granted}))
    found = kraken.get_key_permissions()
    assert (found.can_read, found.can_trade, found.can_withdraw) == (reads, trades, withdraws)


def test_without_a_key_nothing_private_is_asked(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    script(stand_in, monkeypatch)
    stand_in.answer(PUBLIC + "SystemStatus", good({"status": "online", "timestamp": "2021-03-22T17:18:03Z"}))
    with KrakenExchange("", "", False, base_url=stand_in.url) as exchange:
        assert exchange.test_connectivity()
        with pytest.raises(AuthenticationError):
            exchange.get_key_permissions()
    assert [seen for seen, _ in stand_in.requests] == [PUBLIC + "SystemStatus"]


def test_there_is_no_test_network_and_it_is_said_so() -> None:
    exchange = KrakenExchange("k", "s", testnet=True)
    assert not exchange.capabilities.testnet
    with pytest.raises(NotSupported, match="no test network for spot and margin"):
        exchange.get_balances()
    assert KrakenExchange("", "", testnet=False).base_url == "https://api.kraken.com"


# --- orders
def test_an_order_is_sent_under_our_id_and_read_back(kraken: KrakenExchange, stand_in: StandIn) -> None:
    stand_in.answer(PRIVATE + "AddOrder", ADDED)
    placed = kraken.submit_order(request())
    (parameters,) = sent(stand_in, PRIVATE + "AddOrder")
    assert set(parameters) == {"pair", "type", "ordertype", "volume", "cl_ord_id", "oflags", "deadline", "nonce"}
    assert (parameters["pair"], parameters["type"], parameters["ordertype"]) == ("XXBTZUSD", "buy", "market")
    assert (parameters["volume"], parameters["cl_ord_id"], parameters["oflags"]) == ("0.3", CLIENT_ID, "fciq")
    assert (placed.status, placed.exchange_order_id, placed.symbol) == (OrderStatus.FILLED, TXID, "BTC/USD")
    assert (placed.client_order_id, placed.average_price) == (CLIENT_ID, Decimal(30010))
    assert placed.updated_at == datetime(2023, 7, 6, 18, 2, 40, 100_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (
            request(OrderType.LIMIT, limit_price=Decimal("1E+4")),
            {"ordertype": "limit", "price": "10000", "oflags": "fciq"},
        ),
        (
            request(OrderType.LIMIT, limit_price=Decimal(10), post_only=True),
            {"ordertype": "limit", "price": "10", "oflags": "fciq,post"},
        ),
        (
            request(OrderType.STOP_LOSS, side=Side.SELL, stop_price=Decimal(9)),
            {"ordertype": "stop-loss", "price": "9", "trigger": "last"},
        ),
        (
            request(OrderType.STOP_LOSS_LIMIT, side=Side.SELL, stop_price=Decimal(9), limit_price=Decimal(8)),
            {"ordertype": "stop-loss-limit", "price": "9", "price2": "8"},
        ),
        (
            request(OrderType.TAKE_PROFIT, side=Side.SELL, stop_price=Decimal(11)),
            {"ordertype": "take-profit", "price": "11"},
        ),
        (
            request(OrderType.TAKE_PROFIT_LIMIT, side=Side.SELL, stop_price=Decimal(11), limit_price=Decimal(10)),
            {"ordertype": "take-profit-limit", "price": "11", "price2": "10"},
        ),
        (
            request(OrderType.TRAILING_STOP, side=Side.SELL, trailing_pct=Decimal("2.5")),
            {"ordertype": "trailing-stop", "price": "+2.5%", "trigger": "last"},
        ),
    ],
)
def test_every_order_type_in_the_venues_words(
    kraken: KrakenExchange, stand_in: StandIn, asked: OrderRequest, expected: dict[str, str]
) -> None:
    stand_in.answer(PRIVATE + "AddOrder", ADDED)
    kraken.submit_order(asked)
    (parameters,) = sent(stand_in, PRIVATE + "AddOrder")
    assert expected.items() <= parameters.items()
    assert not {"validate", "leverage", "reduce_only", "userref"} & set(parameters)


def test_reduce_only_says_nothing_on_spot(kraken: KrakenExchange, stand_in: StandIn) -> None:
    stand_in.answer(PRIVATE + "AddOrder", ADDED)
    kraken.create_stop_loss_order("BTC/USD", Side.SELL, Decimal("0.3"), Decimal(9), client_order_id=CLIENT_ID)
    assert "reduce_only" not in sent(stand_in, PRIVATE + "AddOrder")[0]


def test_an_order_is_only_good_for_a_little_longer_than_we_wait(kraken: KrakenExchange, stand_in: StandIn) -> None:
    stand_in.clock_ahead_ms = 86_400_000
    stand_in.answer(PRIVATE + "AddOrder", ADDED)
    kraken.submit_order(request())
    deadline = datetime.fromisoformat(sent(stand_in, PRIVATE + "AddOrder")[0]["deadline"])
    ahead = deadline.timestamp() - (time.time() + 86_400)
    assert 5 < ahead < 11


def test_a_deadline_that_does_not_fit_is_made_anew_by_the_venues_clock(
    kraken: KrakenExchange, stand_in: StandIn
) -> None:
    kraken.get_server_time()
    stand_in.clock_ahead_ms = 500_000
    stand_in.answer(PRIVATE + "AddOrder", bad("EGeneral:Invalid arguments:deadline"), ADDED)
    kraken.submit_order(request())
    first, second = (datetime.fromisoformat(p["deadline"]) for p in sent(stand_in, PRIVATE + "AddOrder"))
    assert timedelta(seconds=495) < second - first < timedelta(seconds=505)


def test_an_accepted_order_stays_accepted_where_it_cannot_be_looked_up(
    kraken: KrakenExchange, stand_in: StandIn
) -> None:
    stand_in.answer(PRIVATE + "AddOrder", ADDED)
    stand_in.answer(PRIVATE + "QueryOrders", *[bad("EService:Unavailable")] * 5)
    placed = kraken.submit_order(request())
    assert (placed.status, placed.exchange_order_id, placed.filled_quantity) == (OrderStatus.OPEN, TXID, 0)
    assert stand_in.count(PRIVATE + "AddOrder") == 1


def test_an_order_that_the_engine_took_back_is_rejected_with_its_reason(
    kraken: KrakenExchange, stand_in: StandIn
) -> None:
    """A post-only order that would take gets an id, and is then canceled by the venue."""
    stand_in.answer(PRIVATE + "AddOrder", ADDED)
    ended = order(ordertype="limit", status="canceled", vol_exec="0", cost="0", trades=[], reason="Post only order")
    stand_in.answer(PRIVATE + "QueryOrders", good({TXID: ended}))
    with pytest.raises(OrderRejected, match="Post only order"):
        kraken.submit_order(request(OrderType.LIMIT, limit_price=Decimal(9), post_only=True))


def test_a_reply_that_names_no_order_leaves_the_outcome_open(kraken: KrakenExchange, stand_in: StandIn) -> None:
    stand_in.answer(PRIVATE + "AddOrder", good({"descr": {"order": "buy"}}))
    with pytest.raises(OrderOutcomeUnknown):
        kraken.submit_order(request())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"quantity": Decimal("0.00001")}, "minimum quantity"),
        ({"quantity": Decimal("0.000000001")}, "multiple of"),
        ({"order_type": OrderType.LIMIT, "limit_price": Decimal("10.05")}, "multiple of 0.1"),
        ({"order_type": OrderType.LIMIT, "limit_price": Decimal(1)}, "minimum notional"),
    ],
)
def test_what_cannot_be_valid_is_refused_before_it_is_sent(
    kraken: KrakenExchange, stand_in: StandIn, changes: dict[str, Any], expected: str
) -> None:
    with pytest.raises(InvalidOrder, match=expected):
        kraken.submit_order(request(**changes))
    assert stand_in.count(PRIVATE + "AddOrder") == 0


@pytest.mark.parametrize(
    ("theirs", "filled", "ours"),
    [
        ("pending", "0", OrderStatus.OPEN),
        ("open", "0", OrderStatus.OPEN),
        ("open", "0.1", OrderStatus.PARTIALLY_FILLED),
        ("closed", "0.3", OrderStatus.FILLED),
        ("canceled", "0", OrderStatus.CANCELED),
        ("canceled", "0.1", OrderStatus.CANCELED),
        ("expired", "0", OrderStatus.EXPIRED),
    ],
)
def test_every_status_of_theirs_is_one_of_ours(
    kraken: KrakenExchange, stand_in: StandIn, theirs: str, filled: str, ours: OrderStatus
) -> None:
    found = order(status=theirs, vol_exec=filled, reason="User requested" if theirs == "canceled" else None)
    stand_in.answer(PRIVATE + "OpenOrders", good({"open": {TXID: found}}))
    assert kraken.get_order("BTC/USD", CLIENT_ID).status is ours
    assert sent(stand_in, PRIVATE + "OpenOrders")[0]["cl_ord_id"] == CLIENT_ID


def test_an_order_is_looked_for_among_the_open_ones_first_then_among_the_closed(
    kraken: KrakenExchange, stand_in: StandIn
) -> None:
    older = order(opentm=1688666000.5, status="canceled", vol_exec="0", reason="User requested")
    stand_in.answer(PRIVATE + "OpenOrders", good({"open": {}}))
    stand_in.answer(PRIVATE + "ClosedOrders", good({"closed": {"OOLDER-AAAAA-AAAAAA": older, TXID: order()}}))
    assert kraken.get_order("BTC/USD", CLIENT_ID).exchange_order_id == TXID  # the newest of that id
    assert [seen for seen, _ in stand_in.requests][-2:] == [PRIVATE + "OpenOrders", PRIVATE + "ClosedOrders"]


def test_an_order_that_is_in_neither_list_is_not_found(kraken: KrakenExchange, stand_in: StandIn) -> None:
    stand_in.answer(PRIVATE + "OpenOrders", good({"open": {}}))
    stand_in.answer(PRIVATE + "ClosedOrders", good({"closed": {}, "count": 0}))
    with pytest.raises(OrderNotFound):
        kraken.get_order("BTC/USD", CLIENT_ID)


def test_prices_of_waiting_orders_are_told_apart(kraken: KrakenExchange, stand_in: StandIn) -> None:
    stop = order(ordertype="stop-loss-limit", limit="9.0", price2="8.0", status="open", vol_exec="0")
    trailing = order(ordertype="trailing-stop", limit="+2.5000%", status="open", vol_exec="0", stopprice="9.75000")
    stand_in.answer(PRIVATE + "OpenOrders", good({"open": {TXID: stop}}), good({"open": {TXID: trailing}}))
    found = kraken.get_order("BTC/USD", CLIENT_ID)
    assert (found.order_type, found.stop_price, found.limit_price) == (
        OrderType.STOP_LOSS_LIMIT,
        Decimal(9),
        Decimal(8),
    )
    found = kraken.get_order("BTC/USD", CLIENT_ID)
    assert (found.trailing_pct, found.stop_price, found.limit_price) == (Decimal("2.5"), Decimal("9.75"), None)


def test_open_orders_come_with_our_symbols_and_ids_and_without_those_of_margin(
    kraken: KrakenExchange, stand_in: StandIn
) -> None:
    long_id = "6d1b345e-2821-40e2-ad83-4ecb18a06876"
    entries = {
        TXID: order(status="open", cl_ord_id=long_id),
        "O2": order(status="open", pair="XDGUSDT", cl_ord_id=None),
        "O3": order(status="open", leverage="2:1"),
        "O4": order(status="open", pair="GONEUSD"),
    }
    stand_in.answer(PRIVATE + "OpenOrders", *[good({"open": entries})] * 2)
    found = kraken.get_open_orders()
    assert [(entry.symbol, entry.client_order_id) for entry in found] == [
        ("BTC/USD", long_id.replace("-", "")),
        ("DOGE/USDT", ""),
        ("GONEUSD", CLIENT_ID),
    ]
    assert [entry.exchange_order_id for entry in kraken.get_open_orders("DOGE/USDT")] == ["O2"]


def test_a_canceled_order_is_read_back(kraken: KrakenExchange, stand_in: StandIn) -> None:
    ended = order(status="canceled", vol_exec="0.1", reason="User requested")
    stand_in.answer(PRIVATE + "CancelOrder", good({"count": 1, "pending": False}))
    stand_in.answer(PRIVATE + "OpenOrders", good({"open": {}}))
    stand_in.answer(PRIVATE + "ClosedOrders", good({"closed": {TXID: ended}}))
    canceled = kraken.cancel_order("BTC/USD", CLIENT_ID)
    assert (canceled.status, canceled.filled_quantity) == (OrderStatus.CANCELED, Decimal("0.1"))
    assert sent(stand_in, PRIVATE + "CancelOrder")[0]["cl_ord_id"] == CLIENT_ID


def test_a_cancel_whose_end_cannot_be_read_leaves_it_open(kraken: KrakenExchange, stand_in: StandIn) -> None:
    stand_in.answer(PRIVATE + "CancelOrder", good({"count": 1}))
    stand_in.answer(PRIVATE + "OpenOrders", *["reset"] * 5)
    with pytest.raises(OrderOutcomeUnknown, match="took the cancel"):
        kraken.cancel_order("BTC/USD", CLIENT_ID)


@pytest.mark.parametrize("reply", [good({"count": 0}), bad("EOrder:Unknown order")])
def test_what_is_not_open_cannot_be_canceled(kraken: KrakenExchange, stand_in: StandIn, reply: Any) -> None:
    stand_in.answer(PRIVATE + "CancelOrder", reply)
    with pytest.raises(OrderNotFound):
        kraken.cancel_order("BTC/USD", CLIENT_ID)


# --- fills
def test_fills_of_an_order_are_fetched_by_its_trades_twenty_at_a_time(
    kraken: KrakenExchange, stand_in: StandIn
) -> None:
    trades = {f"T{number:05}": TRADE_ROW | {"time": 1688667796.8802 + number} for number in range(25)}
    stand_in.answer(PRIVATE + "QueryOrders", good({TXID: order(trades=list(trades))}))
    stand_in.answer(PRIVATE + "QueryTrades", *[good(trades)] * 2)
    fills = kraken.get_fills("BTC/USD", exchange_order_id=TXID)
    assert [fill.fill_id for fill in fills] == list(trades)
    asked = [parameters["txid"].split(",") for parameters in sent(stand_in, PRIVATE + "QueryTrades")]
    assert [len(ids) for ids in asked] == [20, 5]
    assert fills[0].executed_at == datetime(2023, 7, 6, 18, 23, 16, 880_200, tzinfo=UTC)


@pytest.mark.parametrize(
    ("flags", "fee", "asset"),
    [("fciq", Decimal("2.4008"), "USD"), ("post,fcib", Decimal("0.00008"), "BTC")],
)
def test_a_fee_is_booked_in_the_asset_that_paid_it(
    kraken: KrakenExchange, stand_in: StandIn, flags: str, fee: Decimal, asset: str
) -> None:
    """The venue tells it in the quote asset either way."""
    stand_in.answer(PRIVATE + "QueryOrders", good({TXID: order(oflags=flags)}))
    stand_in.answer(PRIVATE + "QueryTrades", good({TRADE: TRADE_ROW | {"fee": "2.40080"}}))
    (fill,) = kraken.get_fills("BTC/USD", exchange_order_id=TXID)
    assert (fill.fee, fill.fee_asset, fill.price, fill.quantity) == (fee, asset, Decimal(30010), Decimal("0.02"))


def test_a_trade_that_is_not_to_be_seen_yet_is_no_missing_fill(kraken: KrakenExchange, stand_in: StandIn) -> None:
    stand_in.answer(PRIVATE + "QueryTrades", *[good({})] * 5)
    with pytest.raises(TransientExchangeError):
        kraken.get_fills("BTC/USD", exchange_order_id=TXID)


def test_an_order_without_trades_has_no_fills(kraken: KrakenExchange, stand_in: StandIn) -> None:
    stand_in.answer(PRIVATE + "QueryOrders", good({TXID: order(trades=None, vol_exec="0")}))
    assert kraken.get_fills("BTC/USD", exchange_order_id=TXID) == []


# --- what requests cost
def test_orders_and_cancels_count_per_pair_and_other_calls_per_key(kraken: KrakenExchange, stand_in: StandIn) -> None:
    spent: list[tuple[str, dict[str, float]]] = []

    class Recorder:
        def spend(self, limits: Any, costs: dict[str, float], *, is_order: bool, patience_seconds: float) -> None:
            assert set(costs) <= {limit.name for limit in limits}
            spent.append(("order" if is_order else "read", dict(costs)))

        def learn(self, limits: Any, used: Any) -> None: ...

    kraken.budget = Recorder()  # type: ignore[assignment]
    stand_in.answer(PRIVATE + "AddOrder", ADDED)
    stand_in.answer(PRIVATE + "QueryOrders", good({TXID: order(opentm=time.time() - 20, status="open")}))
    stand_in.answer(PRIVATE + "CancelOrder", good({"count": 1}))
    stand_in.answer(PRIVATE + "OpenOrders", good({"open": {TXID: order()}}))
    kraken.submit_order(request())
    kraken.cancel_order("BTC/USD", CLIENT_ID)
    kraken._opened.clear()
    stand_in.answer(PRIVATE + "CancelOrder", bad("EOrder:Unknown order"))
    with pytest.raises(OrderNotFound):
        kraken.cancel_order("BTC/USD", CLIENT_ID)
    assert [costs for kind, costs in spent if kind == "order"] == [
        {"engine XXBTZUSD": 1},
        {"engine XXBTZUSD": 4},  # it rested for twenty seconds
        {"engine XXBTZUSD": 8},  # nobody knows for how long
    ]
    assert {"rest": 1} in [costs for kind, costs in spent if kind == "read"]
    assert {"public": 1} in [costs for kind, costs in spent if kind == "read"]


def test_a_redirect_is_not_followed_with_the_key(kraken: KrakenExchange, stand_in: StandIn) -> None:
    stand_in.answer(PRIVATE + "BalanceEx", *[(302, "", {"Location": stand_in.url + "/elsewhere"})] * 3)
    with pytest.raises(TransientExchangeError):
        kraken.get_balances()
    assert stand_in.count("GET /elsewhere") == stand_in.count("POST /elsewhere") == 0


def test_an_adapter_for_spot_places_nothing_on_margin(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    script(stand_in, monkeypatch)
    with make_kraken(stand_in, market_type=MarketType.MARGIN) as exchange, pytest.raises(NotSupported):
        exchange.submit_order(request())
    assert stand_in.requests == []


def test_the_process_keeps_one_count_of_nonces() -> None:
    assert client_module.nonces.next(API_KEY) > 1_700_000_000_000_000  # in microseconds
