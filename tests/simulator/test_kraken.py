"""Kraken's face: its wire format, its checks, its counters. Clients of others stand in test_kraken_clients.py."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from exchanges.base import VenueStatus
from exchanges.simulator.clock import SimulatedClock
from exchanges.simulator.faces import new_key
from exchanges.simulator.http import ERRORS, OPERATIONS, FaceOptions, Reply, Request
from exchanges.simulator.kraken.face import Kraken, make_face
from exchanges.simulator.kraken.limits import TIERS, Counters, cancel_cost
from exchanges.simulator.kraken.names import find_record, money, order_key, trade_key
from exchanges.simulator.kraken.params import ApiError
from exchanges.simulator.kraken.security import sign
from exchanges.simulator.records import ApiKey, Permission
from exchanges.simulator.simulator import Settings, Simulator, open_simulator

START_MS = 1_741_003_200_000  # 2025-03-03T12:00:00Z
ID = "c" * 32


class World:
    """A face with its books, without HTTP, and a client that signs."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.face: Kraken = make_face(simulator, FaceOptions())
        self.face.counters.is_counting = False
        self.venue = simulator.venues["kraken"]
        self._nonces = itertools.count(1)
        self.key = self.labelled("trader-1")

    def labelled(self, label: str) -> ApiKey:
        return next(key for key in self.venue.keys.values() if key.label == label)

    def get(self, method: str, **parameters: Any) -> Any:
        request = Request("GET", f"/0/public/{method}", urlencode(parameters), "", {}, "127.0.0.1")
        return self._reply(request)

    def post(self, method: str, **parameters: Any) -> Any:
        return self._reply(self.signed(method, parameters))

    def signed(self, method: str, parameters: dict[str, Any], *, key: ApiKey | None = None, nonce: Any = "") -> Request:
        key = key or self.key
        nonce = str(nonce or next(self._nonces))
        path, body = f"/0/private/{method}", urlencode({"nonce": nonce, **parameters})
        headers = {"API-Key": key.api_key, "API-Sign": sign(key.api_secret, path, nonce, body)}
        return Request("POST", path, "", body, headers, "127.0.0.1")

    def _reply(self, request: Request) -> Any:
        self.simulator.settle()
        reply: Reply = self.face.handle(request)
        assert reply.status == 200
        json.dumps(reply.body)
        return reply.body["result"] if not reply.body["error"] else reply.body["error"]

    def order(self, **changes: Any) -> str:
        """The id of an accepted order."""
        values = {"pair": "XBTUSD", "type": "buy", "ordertype": "market", "volume": "0.01"} | changes
        (txid,) = self.post("AddOrder", **values)["txid"]
        return str(txid)

    def seen(self, txid: str) -> Any:
        return self.post("QueryOrders", txid=txid, trades="true")[txid]

    def advance(self, **delta: float) -> None:
        self.simulator.clock.advance(timedelta(**delta).total_seconds())
        self.simulator.settle()


@pytest.fixture
def world() -> Iterator[World]:
    simulator = open_simulator(Settings(seed=7, speed=0, start_ms=START_MS))
    try:
        yield World(simulator)
    finally:
        simulator.close()


LIMIT = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "volume": "0.01", "price": "30000.0"}


# --- names
def test_ids_look_like_the_venues_and_lead_back(world: World) -> None:
    for number in (1, 2, 77, 10**9):
        for symbol in world.venue.markets:
            key = order_key(world.venue, symbol, number)
            assert [len(part) for part in key.split("-")] == [6, 5, 6]
            assert key[0] == "O"
            assert find_record("O", world.venue, key) == (symbol, number)
            assert find_record("T", world.venue, trade_key(world.venue, symbol, number)) == (symbol, number)
    for text in ("", "O", "OAAAAA-BBBBB-CCCCC1", "TAAAAA-BBBBB-CCCCCC", "123"):
        assert find_record("O", world.venue, text) is None


def test_no_money_is_lost_in_writing() -> None:
    assert money(Decimal("592.034"), 5) == "592.03400"
    assert money(Decimal("0.123456789"), 5) == "0.123456789"
    assert money(Decimal(0), 4) == "0.0000"
    assert money(Decimal("1E+3"), 4) == "1000.0000"


def test_keys_have_the_venues_format() -> None:
    api_key, secret, passphrase = new_key("kraken", "text")
    assert (len(api_key), len(secret), passphrase) == (56, 88, "")
    assert new_key("kraken", "text") == (api_key, secret, "")
    assert new_key("kraken", "another")[0] != api_key


# --- who is asking
def test_signature_as_in_the_documentation() -> None:
    """https://docs.kraken.com/api/docs/guides/spot-rest-auth"""
    secret = "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="
    body = "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25"
    assert sign(secret, "/0/private/AddOrder", "1616492376594", body) == (
        "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="
    )


def test_keys_signatures_and_permissions_are_checked(world: World) -> None:
    good = world.signed("Balance", {})
    unknown = dict(good.headers) | {"API-Key": "nobody"}
    forged = dict(good.headers) | {"API-Sign": "AAAA"}
    for headers, expected in (
        (unknown, "EAPI:Invalid key"),
        ({}, "EAPI:Invalid key"),
        (forged, "EAPI:Invalid signature"),
    ):
        reply = world.face.handle(Request("POST", good.path, "", good.body, headers, "127.0.0.1"))
        assert (reply.status, reply.body) == (200, {"error": [expected]})
    changed = Request("POST", good.path, "", good.body + "&x=1", good.headers, "127.0.0.1")
    assert world.face.handle(changed).body == {"error": ["EAPI:Invalid signature"]}
    reader = world.labelled("read-only")
    assert world.face.handle(world.signed("Balance", {}, key=reader)).body["error"] == []
    assert world.face.handle(world.signed("AddOrder", LIMIT, key=reader)).body == {
        "error": ["EGeneral:Permission denied"]
    }


def test_a_nonce_must_be_larger_than_the_last_of_its_key(world: World) -> None:
    def answer(nonce: Any, key: ApiKey | None = None) -> Any:
        return world.face.handle(world.signed("Balance", {}, nonce=nonce, key=key)).body["error"]

    assert answer(1000) == []
    for nonce in (1000, 999, "x", 2**64):
        assert answer(nonce) == ["EAPI:Invalid nonce"]
    assert answer(5, world.labelled("trader-2")) == []  # each key counts for itself
    assert answer(2**63) == []


def test_a_nonce_window_takes_what_arrives_late_but_nothing_twice(world: World) -> None:
    world.face.nonces.window = 100

    def answer(nonce: int) -> Any:
        return world.face.handle(world.signed("Balance", {}, nonce=nonce)).body["error"]

    assert [answer(nonce) for nonce in (1000, 950, 1000, 900)] == [
        [],
        [],
        ["EAPI:Invalid nonce"],
        ["EAPI:Invalid nonce"],
    ]


def test_a_json_body_is_as_good_as_a_form(world: World) -> None:
    body = json.dumps({"nonce": "7", "asset": "ZUSD"})
    path = "/0/private/TradeBalance"
    headers = {"API-Key": world.key.api_key, "API-Sign": sign(world.key.api_secret, path, "7", body)}
    assert world.face.handle(Request("POST", path, "", body, headers, "127.0.0.1")).body["error"] == []


@pytest.mark.parametrize(
    ("verb", "path"),
    [("GET", "/0/public/Nothing"), ("POST", "/0/public/Time"), ("GET", "/0/private/Balance"), ("POST", "/0/private/No"),
     ("GET", "/0/elsewhere"), ("GET", "/0/public")],
)  # fmt: skip
def test_what_there_is_not(world: World, verb: str, path: str) -> None:
    reply = world.face.handle(Request(verb, path, "", "", {}, "127.0.0.1"))
    assert reply.body == {"error": ["EGeneral:Unknown method"]}


# --- market data
def test_pairs_go_by_any_of_their_names(world: World) -> None:
    for name in ("XXBTZUSD", "XBTUSD", "XBT/USD"):
        assert list(world.get("Ticker", pair=name)) == ["XXBTZUSD"]
    assert list(world.get("Ticker")) == ["XXBTZUSD", "XETHZUSD", "SOLUSD"]
    assert world.get("Ticker", pair="NOSUCH") == ["EQuery:Unknown asset pair"]
    assert world.get("Assets", asset="XBT,ZUSD").keys() == {"XXBT", "ZUSD"}
    assert world.get("Assets", asset="NOSUCH") == ["EQuery:Unknown asset"]


def test_a_pair_tells_its_rules_and_its_leverage(world: World) -> None:
    (pair,) = world.get("AssetPairs", pair="XBTUSD").values()
    assert (pair["altname"], pair["wsname"], pair["base"], pair["quote"]) == ("XBTUSD", "XBT/USD", "XXBT", "ZUSD")
    assert (pair["tick_size"], pair["pair_decimals"], pair["ordermin"], pair["costmin"]) == ("0.1", 1, "0.00005", "0.5")
    assert pair["leverage_buy"] == pair["leverage_sell"] == [2, 3, 4, 5]
    assert (pair["fees"][0], pair["fees_maker"][0]) == ([0, 0.4], [0, 0.25])
    assert set(world.get("AssetPairs", pair="XBTUSD", info="margin")["XXBTZUSD"]) == {"margin_call", "margin_stop"}


def test_the_last_candle_is_the_open_one_whatever_is_asked(world: World) -> None:
    world.advance(seconds=30)
    reply = world.get("OHLC", pair="XBTUSD", interval=1)
    rows = reply["XXBTZUSD"]
    assert len(rows) == 720
    assert rows[-1][0] == START_MS // 1000
    assert reply["last"] == rows[-2][0]
    assert [len(row) for row in rows] == [8] * 720
    later = world.get("OHLC", pair="XBTUSD", interval=1, since=rows[-4][0])["XXBTZUSD"]
    assert [row[0] for row in later] == [row[0] for row in rows[-3:]]  # `since` itself is not among them
    assert len(world.get("OHLC", pair="XBTUSD", since=2_000_000_000)["XXBTZUSD"]) == 1
    assert world.get("OHLC", pair="XBTUSD", interval=7) == ["EGeneral:Invalid arguments:interval"]


def test_prices_have_the_venues_digits(world: World) -> None:
    ticker = world.get("Ticker", pair="XBTUSD")["XXBTZUSD"]
    assert all(len(ticker[name][0].partition(".")[2]) == 5 for name in "abc")
    assert Decimal(ticker["b"][0]) < Decimal(ticker["c"][0]) < Decimal(ticker["a"][0])
    book = world.get("Depth", pair="XBTUSD", count=3)["XXBTZUSD"]
    assert book["asks"][0][0] == ticker["a"][0]
    assert len(book["bids"]) == 3
    assert len(world.get("OHLC", pair="XBTUSD")["XXBTZUSD"][0][1].partition(".")[2]) == 1


def test_the_clock_and_the_status(world: World) -> None:
    assert world.get("Time")["unixtime"] == START_MS // 1000
    for status, shown in (
        (VenueStatus.ONLINE, "online"),
        (VenueStatus.CANCEL_ONLY, "cancel_only"),
        (VenueStatus.POST_ONLY, "post_only"),
        (VenueStatus.MAINTENANCE, "maintenance"),
    ):
        world.venue.status = status
        assert world.get("SystemStatus")["status"] == shown
    assert world.get("Ticker") == ["EService:Unavailable"]
    assert world.post("Balance") == ["EService:Unavailable"]


# --- orders
def test_a_market_order_fills_at_once_and_pays_its_fee_in_dollars(world: World) -> None:
    before = world.post("BalanceEx")
    txid = world.order(volume="0.02", cl_ord_id=ID)
    order = world.seen(txid)
    assert (order["status"], order["vol"], order["vol_exec"], order["cl_ord_id"]) == (
        "closed",
        "0.02000000",
        "0.02000000",
        ID,
    )
    assert order["descr"]["order"] == "buy 0.02000000 XBTUSD @ market"
    cost, fee = Decimal(order["cost"]), Decimal(order["fee"])
    assert fee == cost * Decimal("0.004")
    trades = world.post("QueryTrades", txid=",".join(order["trades"]))
    assert sum(Decimal(trade["fee"]) for trade in trades.values()) == fee
    assert {(trade["pair"], trade["ordertxid"], trade["maker"]) for trade in trades.values()} == {
        ("XXBTZUSD", txid, False)
    }
    after = world.post("BalanceEx")
    assert Decimal(before["ZUSD"]["balance"]) - Decimal(after["ZUSD"]["balance"]) == cost + fee
    assert Decimal(after["XXBT"]["balance"]) - Decimal(before["XXBT"]["balance"]) == Decimal("0.02")
    assert world.post("Balance")["ZUSD"] == after["ZUSD"]["balance"]


@pytest.mark.parametrize(
    ("changes", "description", "prices"),
    [
        ({"ordertype": "limit", "price": "30000"}, "buy 0.01000000 XBTUSD @ limit 30000.0", ("30000.0", "0")),
        (
            {"ordertype": "stop-loss", "type": "sell", "price": "30000"},
            "sell 0.01000000 XBTUSD @ stop loss 30000.0",
            ("30000.0", "0"),
        ),
        (
            {"ordertype": "stop-loss-limit", "type": "sell", "price": "30000", "price2": "29000"},
            "sell 0.01000000 XBTUSD @ stop loss 30000.0 -> limit 29000.0",
            ("30000.0", "29000.0"),
        ),
        (
            {"ordertype": "take-profit-limit", "type": "sell", "price": "90000", "price2": "89000", "leverage": "5:1"},
            "sell 0.01000000 XBTUSD @ take profit 90000.0 -> limit 89000.0 with 5:1 leverage",
            ("90000.0", "89000.0"),
        ),
        (
            {"ordertype": "trailing-stop", "type": "sell", "price": "+2.5%"},
            "sell 0.01000000 XBTUSD @ trailing stop +2.5000%",
            ("+2.5000%", "0"),
        ),
    ],
)
def test_orders_that_rest_are_described_in_the_venues_words(
    world: World, changes: dict[str, str], description: str, prices: tuple[str, str]
) -> None:
    values = {"pair": "XBTUSD", "type": "buy", "volume": "0.01"} | changes
    reply = world.post("AddOrder", **values)
    assert reply["descr"]["order"] == description
    (order,) = world.post("OpenOrders")["open"].values()
    assert (order["status"], order["descr"]["price"], order["descr"]["price2"]) == ("open", *prices)
    assert order["descr"]["order"] == description
    assert order["descr"]["ordertype"] == changes["ordertype"]


def test_relative_prices(world: World) -> None:
    last = Decimal(world.get("Ticker", pair="XBTUSD")["XXBTZUSD"]["c"][0])
    for text, expected in (("-100", last - 100), ("-1%", last * Decimal("0.99")), ("#50", last - 50)):
        order = world.seen(world.order(ordertype="limit", price=text))
        assert abs(Decimal(order["descr"]["price"]) - expected) <= Decimal("0.1")


def test_a_stop_triggers_and_says_so(world: World) -> None:
    txid = world.order(ordertype="stop-loss", type="sell", price="58000")
    world.simulator.force_price("BTC/USD", Decimal(57000), "kraken")
    world.advance(minutes=1)
    order = world.seen(txid)
    assert (order["status"], order["misc"], order["stopprice"]) == ("closed", "stopped", "58000.00000")


def test_a_stop_that_is_through_its_price_triggers_at_once(world: World) -> None:
    order = world.seen(world.order(ordertype="stop-loss", type="sell", price="90000"))
    assert (order["status"], order["descr"]["ordertype"], order["descr"]["price"]) == ("closed", "stop-loss", "90000.0")


def test_a_post_only_order_that_would_take_is_accepted_and_taken_back(world: World) -> None:
    order = world.seen(world.order(ordertype="limit", price="90000", oflags="post", cl_ord_id=ID))
    assert (order["status"], order["reason"], order["vol_exec"]) == ("canceled", "Post only order", "0.00000000")
    assert world.post("OpenOrders")["open"] == {}
    assert world.order(ordertype="limit", price="30000", oflags="post")  # the books go on counting


def test_validate_checks_and_places_nothing(world: World) -> None:
    assert set(world.post("AddOrder", **LIMIT, validate="true")) == {"descr"}
    assert world.post("AddOrder", **(LIMIT | {"volume": "1000"}), validate="true") == ["EOrder:Insufficient funds"]
    assert world.post("OpenOrders")["open"] == {}
    assert world.post("AddOrder", **LIMIT, validate="False")["txid"]  # python-kraken-sdk's word for no


INVALID = "EGeneral:Invalid arguments:"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"pair": "NOSUCH"}, "EQuery:Unknown asset pair"),
        ({"type": "hold"}, INVALID + "type"),
        ({"ordertype": "iceberg"}, INVALID + "ordertype"),
        ({"volume": "x"}, INVALID + "volume"),
        ({"volume": ""}, INVALID + "volume"),
        ({"volume": "-1"}, INVALID + "volume"),
        ({"volume": "NaN"}, INVALID + "volume"),
        ({"volume": "0.000000001"}, INVALID + "volume"),
        ({"volume": "0.00001"}, "EOrder:Order minimum not met"),
        ({"volume": "0.0001", "price": "1000"}, "EOrder:Cost minimum not met"),
        ({"volume": "10"}, "EOrder:Insufficient funds"),
        ({"type": "sell", "volume": "2", "price": "90000"}, "EOrder:Insufficient funds"),
        ({"price": ""}, INVALID + "price"),
        ({"price": "0"}, "EOrder:Invalid price"),
        ({"price": "30000.05"}, "EOrder:Invalid price:BTC/USD price can only be specified up to 1 decimals."),
        ({"leverage": "7"}, INVALID + "leverage"),
        ({"leverage": "1"}, INVALID + "leverage"),
        ({"leverage": "2.5"}, INVALID + "leverage"),
        ({"oflags": "what"}, INVALID + "oflags"),
        ({"oflags": "fcib,fciq"}, INVALID + "oflags"),
        ({"ordertype": "stop-loss", "oflags": "post"}, INVALID + "oflags"),
        ({"oflags": "viqc"}, INVALID + "viqc"),
        ({"timeinforce": "GTD"}, INVALID + "timeinforce"),
        ({"starttm": "+10"}, INVALID + "starttm"),
        ({"close[ordertype]": "limit"}, INVALID + "close[ordertype]"),
        ({"trigger": "index"}, INVALID + "Index unavailable"),
        ({"ordertype": "trailing-stop", "price": "2.5%"}, INVALID + "price"),
        ({"ordertype": "trailing-stop", "price": "+100%"}, INVALID + "price"),
        ({"ordertype": "stop-loss-limit"}, INVALID + "price2"),
        ({"cl_ord_id": "more than eighteen characters"}, INVALID + "cl_ord_id"),
        ({"cl_ord_id": "short", "userref": "5"}, INVALID + "cl_ord_id"),
        ({"reduce_only": "true", "leverage": "2", "ordertype": "market"}, "EOrder:Reduce only:No position exists"),
    ],
)
def test_what_is_refused_and_how(world: World, changes: dict[str, str], error: str) -> None:
    assert world.post("AddOrder", **(LIMIT | changes)) == [error]
    assert world.post("OpenOrders")["open"] == {}


@pytest.mark.parametrize(
    ("ahead", "is_taken"), [(2, True), (30, True), (60, True), (1, False), (-5, False), (61, False)]
)
def test_a_deadline_lies_two_to_sixty_seconds_ahead(world: World, ahead: float, is_taken: bool) -> None:
    deadline = datetime.fromtimestamp(START_MS / 1000 + ahead, UTC).isoformat().replace("+00:00", "Z")
    world.face._clock = SimulatedClock(START_MS)
    reply = world.post("AddOrder", **LIMIT, deadline=deadline)
    assert ("txid" in reply) is is_taken
    if not is_taken:
        assert reply == [INVALID + "deadline"]


def test_an_id_is_taken_while_an_order_of_it_is_open(world: World) -> None:
    world.post("AddOrder", **LIMIT, cl_ord_id=ID)
    assert world.post("AddOrder", **LIMIT, cl_ord_id=ID) == [INVALID + "cl_ord_id not unique"]
    world.post("CancelOrder", cl_ord_id=ID)
    assert world.post("AddOrder", **LIMIT, cl_ord_id=ID)["txid"]
    assert len(world.post("ClosedOrders", cl_ord_id=ID)["closed"]) == 1


def test_orders_are_canceled_by_id_client_id_and_reference(world: World) -> None:
    dashed = "6d1b345e-2821-40e2-ad83-4ecb18a06876"
    txid = world.order(**LIMIT)
    world.order(**LIMIT, cl_ord_id=dashed)
    world.order(**LIMIT, userref="42")
    world.order(**LIMIT, userref="42")
    assert world.post("CancelOrder", txid=txid) == {"count": 1}
    assert world.post("CancelOrder", cl_ord_id=dashed.replace("-", "")) == {"count": 1}
    assert world.post("CancelOrder", txid="42") == {"count": 2}
    for named in ({"txid": txid}, {"txid": "42"}, {"cl_ord_id": ID}, {"txid": "OAAAAA-BBBBB-CCCCCC"}):
        assert world.post("CancelOrder", **named) == ["EOrder:Unknown order"]
    assert world.seen(txid)["reason"] == "User requested"
    world.order(**LIMIT)
    assert world.post("CancelAll") == {"count": 1}


def test_nobody_sees_or_cancels_the_orders_of_others(world: World) -> None:
    txid = world.order(**LIMIT, cl_ord_id=ID)
    world.key = world.labelled("trader-2")
    assert world.post("QueryOrders", txid=txid) == ["EOrder:Unknown order"]
    assert world.post("CancelOrder", txid=txid) == ["EOrder:Unknown order"]
    assert world.post("CancelOrder", cl_ord_id=ID) == ["EOrder:Unknown order"]
    assert world.post("OpenOrders")["open"] == {}
    assert world.post("AddOrder", **LIMIT, cl_ord_id=ID)["txid"]  # ids are unique per account


def test_closed_orders_come_newest_first_and_by_page(world: World) -> None:
    ids = []
    for _ in range(52):
        ids.append(world.order(**LIMIT))
        world.advance(seconds=1)
    world.post("CancelAll")
    first = world.post("ClosedOrders")
    assert (list(first["closed"]), first["count"]) == (ids[:1:-1], 52)
    assert list(world.post("ClosedOrders", ofs=50)["closed"]) == [ids[1], ids[0]]
    assert "count" not in world.post("ClosedOrders", without_count="true")
    assert len(world.post("ClosedOrders", start=START_MS // 1000 + 50, closetime="open")["closed"]) == 1


def test_a_market_that_takes_cancels_only(world: World) -> None:
    txid = world.order(**LIMIT)
    world.venue.status = VenueStatus.CANCEL_ONLY
    assert world.post("AddOrder", **LIMIT) == ["EService:Market in cancel_only mode"]
    assert world.post("CancelOrder", txid=txid) == {"count": 1}
    world.venue.status = VenueStatus.POST_ONLY
    assert world.post("AddOrder", **LIMIT) == ["EService:Market in post_only mode"]
    assert world.post("AddOrder", **LIMIT, oflags="post")["txid"]


# --- margin
def test_a_position_is_opened_shown_and_closed(world: World) -> None:
    wallet = Decimal(world.post("BalanceEx")["ZUSD"]["balance"])
    txid = world.order(volume="0.5", leverage="5")
    ((key, position),) = world.post("OpenPositions", docalcs="true").items()
    assert key == world.seen(txid)["trades"][0]
    assert (position["pair"], position["type"], position["vol"]) == ("XXBTZUSD", "buy", "0.50000000")
    assert Decimal(position["margin"]) == Decimal(position["cost"]) / 5
    assert position["net"][0] in "+-"
    summary = world.post("TradeBalance")
    assert summary["m"] == money(Decimal(position["margin"]), 4)
    assert Decimal(summary["e"]) == Decimal(summary["tb"]) + Decimal(summary["n"])
    assert Decimal(summary["mf"]) == Decimal(summary["e"]) - Decimal(summary["m"])
    (row,) = world.post("OpenPositions", consolidation="market")
    assert (row["leverage"], row["positions"]) == ("5.00000", "1")
    assert world.post("BalanceEx")["XXBT"]["balance"] == "1.0000000000"  # what was bought is the venue's
    world.order(type="sell", volume="0", leverage="5", reduce_only="true")
    assert world.post("OpenPositions") == {}
    ledger = world.post("Ledgers", asset="ZUSD")["ledger"]
    newest = next(iter(ledger.values()))
    now = Decimal(world.post("BalanceEx")["ZUSD"]["balance"])
    assert Decimal(newest["balance"]) == now
    assert now - wallet == sum(Decimal(entry["amount"]) - Decimal(entry["fee"]) for entry in ledger.values())
    assert {entry["type"] for entry in ledger.values()} == {"margin", "rollover"}


def test_holding_a_position_costs_every_four_hours(world: World) -> None:
    txid = world.order(volume="0.5", leverage="2", type="sell")
    world.advance(hours=8, minutes=1)
    fees = world.post("Ledgers", type="rollover")["ledger"].values()
    opening = world.seen(txid)["trades"][0]
    assert [(entry["refid"], entry["amount"]) for entry in fees] == [(opening, "0.0000")] * 3  # one for opening it
    assert world.post("QueryTrades", txid=opening)[opening]["posstatus"] == "open"


def test_a_position_that_turns_around_is_another_one(world: World) -> None:
    world.order(volume="0.1", leverage="2")
    world.advance(seconds=1)
    turning = world.seen(world.order(volume="0.3", leverage="2", type="sell"))["trades"][0]
    ((key, position),) = world.post("OpenPositions").items()
    assert (key, position["type"], position["vol"]) == (turning, "sell", "0.20000000")
    world.advance(hours=4, seconds=1)
    newest = next(iter(world.post("Ledgers", type="rollover")["ledger"].values()))
    assert newest["refid"] == turning


def test_more_than_the_margin_allows_is_refused(world: World) -> None:
    assert world.post("AddOrder", pair="XBTUSD", type="buy", ordertype="market", volume="50", leverage="5") == [
        "EOrder:Margin level too low"
    ]


# --- the account
def test_what_a_key_may_do_is_told(world: World) -> None:
    info = world.post("GetApiKeyInfo")
    assert (info["apiKeyName"], info["apiKey"]) == ("trader-1", world.key.api_key)
    assert "modify-trades" in info["permissions"]
    assert "withdraw-funds" not in info["permissions"]
    world.key = world.labelled("withdrawals")
    assert "withdraw-funds" in world.post("GetApiKeyInfo")["permissions"]
    assert Permission.WITHDRAW in world.key.permissions


def test_the_ledger_explains_the_balance(world: World) -> None:
    world.order(volume="0.3")
    world.order(volume="0.1", type="sell")
    for asset, name in (("ZUSD", "USD"), ("XXBT", "BTC")):
        ledger = list(world.post("Ledgers", asset=asset, type="trade")["ledger"].values())
        assert Decimal(ledger[0]["balance"]) == Decimal(world.post("Balance")[asset])
        moved = sum(Decimal(entry["amount"]) - Decimal(entry["fee"]) for entry in ledger)
        assert moved == Decimal(world.post("Balance")[asset]) - world.venue.rules.balances[name]
    assert world.post("Ledgers", type="nothing") == [INVALID + "type"]


def test_trades_come_newest_first(world: World) -> None:
    for _ in range(3):
        world.order()
        world.advance(seconds=1)
    history = world.post("TradesHistory")
    times = [trade["time"] for trade in history["trades"].values()]
    assert (times, history["count"]) == (sorted(times, reverse=True), 3)
    assert len(world.post("TradesHistory", start=START_MS // 1000 + 1)["trades"]) == 1
    assert world.post("QueryTrades", txid="nonsense") == ["EQuery:Unknown trade"]


# --- counters
def counters() -> tuple[Counters, Callable[[float], None]]:
    now = [0.0]

    def wait(seconds: float) -> None:
        now[0] += seconds

    return Counters(TIERS["starter"], clock=lambda: now[0]), wait


def test_calls_are_counted_per_key_and_forgotten_by_the_second() -> None:
    counting, wait = counters()
    for _ in range(15):
        counting.count_call("key", 1)
    with pytest.raises(ApiError, match="EAPI:Rate limit exceeded"):
        counting.count_call("key", 1)
    counting.count_call("another", 1)
    wait(4)  # 16 less 1.3
    with pytest.raises(ApiError):
        counting.count_call("key", 1)
    wait(8)
    counting.count_call("key", 1)


def test_the_engine_counts_per_account_and_pair_and_cancels_of_young_orders_cost_most() -> None:
    counting, _ = counters()
    assert [cancel_cost(age) for age in (0, 4.9, 5, 12, 44, 89, 299, 300)] == [8, 8, 6, 5, 4, 2, 1, 0]
    for _ in range(7):
        counting.count_order(1, "BTC/USD", 8)
    with pytest.raises(ApiError, match="EOrder:Rate limit exceeded"):
        counting.count_order(1, "BTC/USD", 8)
    counting.count_order(1, "ETH/USD", 8)
    counting.count_order(2, "BTC/USD", 8)


def test_the_face_counts(world: World) -> None:
    world.face.counters.is_counting = True
    replies = [world.post("Balance") for _ in range(20)]
    assert replies[-1] == ["EAPI:Rate limit exceeded"]
    assert isinstance(replies[10], dict)
    assert isinstance(world.post("AddOrder", **LIMIT), dict)  # orders count elsewhere
    for _ in range(7):
        txid = world.post("AddOrder", **LIMIT)["txid"][0]
        reply = world.post("CancelOrder", txid=txid)
    assert reply == ["EOrder:Rate limit exceeded"]


def test_history_costs_four(world: World) -> None:
    world.face.counters.is_counting = True
    replies = [world.post("Ledgers") for _ in range(4)]
    assert replies[2]["count"] == 0
    assert replies[3] == ["EAPI:Rate limit exceeded"]


# --- for faults
def test_every_request_has_a_meaning_and_every_fault_its_words(world: World) -> None:
    meanings = {
        ("GET", "/0/public/Time"): "time",
        ("GET", "/0/public/OHLC"): "candles",
        ("GET", "/0/public/Ticker"): "price",
        ("GET", "/0/public/AssetPairs"): "instruments",
        ("GET", "/0/public/SystemStatus"): "status",
        ("POST", "/0/private/AddOrder"): "submit",
        ("POST", "/0/private/CancelOrder"): "cancel",
        ("POST", "/0/private/QueryOrders"): "get_order",
        ("POST", "/0/private/ClosedOrders"): "get_order",
        ("POST", "/0/private/OpenOrders"): "open_orders",
        ("POST", "/0/private/QueryTrades"): "fills",
        ("POST", "/0/private/BalanceEx"): "balances",
        ("POST", "/0/private/OpenPositions"): "positions",
        ("POST", "/0/private/Ledgers"): "funding",
        ("POST", "/0/private/GetApiKeyInfo"): "permissions",
        ("GET", "/0/public/Nothing"): "other",
    }
    for (verb, path), meaning in meanings.items():
        assert world.face.operation(Request(verb, path, "", "", {}, "")) == meaning
        assert meaning in OPERATIONS
    for kind in ERRORS:
        reply = world.face.error(kind)
        assert reply.status == 502 if kind == "server_error" else reply.body["error"][0].startswith("E")
