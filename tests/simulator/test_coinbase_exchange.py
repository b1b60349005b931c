"""Coinbase Exchange's face: its wire format, its checks, its limits.

Clients of others stand in test_coinbase_clients.py.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest

from exchanges.base import VenueStatus
from exchanges.simulator.coinbase_exchange.face import CoinbaseExchangeFace, make_face
from exchanges.simulator.coinbase_exchange.keys import new_key
from exchanges.simulator.coinbase_exchange.security import sign
from exchanges.simulator.http import FaceOptions, Reply, Request
from exchanges.simulator.records import ApiKey
from exchanges.simulator.simulator import Settings, Simulator, open_simulator

START_MS = 1_741_003_200_000  # 2025-03-03T12:00:00Z
FEE = Decimal("0.006")


class World:
    """A face with its books, without HTTP, and a client that signs."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.face: CoinbaseExchangeFace = make_face(simulator, FaceOptions())
        self.face.limits.enabled = False
        self.venue = simulator.venues["coinbase_exchange"]
        self.key = self.labelled("trader-1")

    def labelled(self, label: str) -> ApiKey:
        return next(key for key in self.venue.keys.values() if key.label == label)

    def request(self, method: str, path: str, query: str = "", body: str = "", key: ApiKey | None = None) -> Request:
        key, timestamp = key or self.key, str(time.time())
        bare = Request(method, path, query, body, {}, "127.0.0.1")
        headers = {
            "CB-ACCESS-KEY": key.api_key,
            "CB-ACCESS-PASSPHRASE": key.passphrase,
            "CB-ACCESS-TIMESTAMP": timestamp,
            "CB-ACCESS-SIGN": sign(key.api_secret, timestamp, bare),
        }
        return Request(method, path, query, body, headers, "127.0.0.1")

    def ask(self, method: str, path: str, query: Any = None, body: Any = None, key: ApiKey | None = None) -> Reply:
        text = urlencode(query or {}, doseq=True)
        self.simulator.settle()
        reply = self.face.handle(self.request(method, path, text, json.dumps(body) if body else "", key))
        json.dumps(reply.body)
        return reply

    def get(self, path: str, **query: Any) -> Any:
        reply = self.ask("GET", path, query)
        assert reply.status == 200, reply.body
        return reply.body

    def order(self, **changes: Any) -> Reply:
        """A market purchase, but for what is changed. None leaves a field out."""
        body = {"product_id": "BTC-USD", "side": "buy", "type": "market", "size": "0.01"} | changes
        return self.ask("POST", "/orders", body={name: value for name, value in body.items() if value is not None})

    def placed(self, **changes: Any) -> str:
        reply = self.order(**changes)
        assert reply.status == 200, reply.body
        return str(reply.body["id"])

    def refused(self, **changes: Any) -> str:
        reply = self.order(**changes)
        assert reply.status == 400, reply.body
        return str(reply.body["message"])

    def seen(self, order_id: str) -> Any:
        return self.get(f"/orders/{order_id}")

    def cancel(self, order_id: str) -> Reply:
        return self.ask("DELETE", f"/orders/{order_id}")

    def account(self, currency: str) -> tuple[Decimal, Decimal]:
        """What is free and what is on hold."""
        found = next(each for each in self.get("/accounts") if each["currency"] == currency)
        assert Decimal(found["balance"]) == Decimal(found["available"]) + Decimal(found["hold"])
        return Decimal(found["available"]), Decimal(found["hold"])

    def price(self) -> Decimal:
        return Decimal(self.get("/products/BTC-USD/ticker")["price"])

    def near(self, factor: str) -> str:
        return str(round(self.price() * Decimal(factor), 2))

    def set_price(self, price: Decimal) -> None:
        self.simulator.force_price("BTC/USD", price)
        self.advance(minutes=1)

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


RESTING = {"type": "limit", "price": "30000.00", "size": "0.01"}


# --- who is asking
def test_keys_have_the_venues_format() -> None:
    key, secret, passphrase = new_key("text")
    assert (len(key), len(secret), len(passphrase)) == (32, 88, 11)
    assert new_key("text") == (key, secret, passphrase)
    assert new_key("another")[0] != key


def test_a_signature_is_over_time_method_path_query_and_body() -> None:
    """printf '1700000000GET/orders?status=open' | openssl dgst -sha256 -hmac secret -binary | base64"""
    request = Request("GET", "/orders", "status=open", "", {}, "")
    secret = "c2VjcmV0"
    signature = sign(secret, "1700000000", request)
    assert signature == "wLTj+hcvlyq7FjwC22K4L3ufYMvJVKDKSq5ZiBv+DsM="


@pytest.mark.parametrize(
    ("header", "value", "message"),
    [
        ("CB-ACCESS-KEY", "", "CB-ACCESS-KEY header is required"),
        ("CB-ACCESS-SIGN", "", "CB-ACCESS-SIGN header is required"),
        ("CB-ACCESS-TIMESTAMP", "", "CB-ACCESS-TIMESTAMP header is required"),
        ("CB-ACCESS-PASSPHRASE", "", "CB-ACCESS-PASSPHRASE header is required"),
        ("CB-ACCESS-KEY", "nobody", "Invalid API Key"),
        ("CB-ACCESS-PASSPHRASE", "guess", "Invalid Passphrase"),
        ("CB-ACCESS-SIGN", "AAAA", "invalid signature"),
        ("CB-ACCESS-TIMESTAMP", "soon", "invalid timestamp"),
        ("CB-ACCESS-TIMESTAMP", -3600, "request timestamp expired"),
        ("CB-ACCESS-TIMESTAMP", 3600, "request timestamp expired"),
        ("CB-ACCESS-TIMESTAMP", -1, "invalid signature"),
    ],
)
def test_a_header_that_is_wrong(world: World, header: str, value: str | int, message: str) -> None:
    """A number is seconds from now."""
    text = value if isinstance(value, str) else str(time.time() + value)
    good = world.request("GET", "/accounts")
    assert world.face.handle(good).status == 200
    wrong = Request(good.method, good.path, "", "", {**good.headers, header: text}, "127.0.0.1")
    reply = world.face.handle(wrong)
    assert (reply.status, reply.body) == (401, {"message": message})


@pytest.mark.parametrize("change", ["method", "path", "query", "body"])
def test_a_signature_for_another_request(world: World, change: str) -> None:
    good = world.request("POST", "/orders", "", '{"a": 1}')
    parts = {"method": "POST", "path": "/orders", "query": "", "body": '{"a": 1}'}
    parts[change] = {"method": "DELETE", "path": "/orders/x", "query": "a=1", "body": "{}"}[change]
    if change == "path":
        parts["method"] = "DELETE"
    request = Request(parts["method"], parts["path"], parts["query"], parts["body"], good.headers, "127.0.0.1")
    assert world.face.handle(request).body == {"message": "invalid signature"}


def test_a_timestamp_of_the_simulated_clock_is_good_too(world: World) -> None:
    timestamp = str(START_MS / 1000)
    good = world.request("GET", "/accounts")
    signature = sign(world.key.api_secret, timestamp, good)
    headers = {**good.headers, "CB-ACCESS-TIMESTAMP": timestamp, "CB-ACCESS-SIGN": signature}
    request = Request("GET", "/accounts", "", "", headers, "127.0.0.1")
    assert world.face.handle(request).status == 200
    world.advance(minutes=1)
    assert world.face.handle(request).body == {"message": "request timestamp expired"}


def test_what_a_key_may_do(world: World) -> None:
    reader = world.labelled("read-only")
    assert world.ask("GET", "/accounts", key=reader).status == 200
    body = {"product_id": "BTC-USD", "side": "buy", "type": "market", "size": "0.01"}
    for reply in (
        world.ask("POST", "/orders", body=body, key=reader),
        world.ask("DELETE", "/orders", key=reader),
        world.ask("DELETE", f"/orders/{uuid4()}", key=reader),
    ):
        assert (reply.status, reply.body) == (403, {"message": "Forbidden"})


def test_market_data_is_public(world: World) -> None:
    for path in ("/time", "/products", "/products/BTC-USD", "/products/BTC-USD/book", "/currencies", "/currencies/BTC"):
        assert world.face.handle(Request("GET", path, "", "", {}, "127.0.0.1")).status == 200
    for path in ("/nothing", "/products/NO-SUCH", "/products/NO-SUCH/candles", "/currencies/NOSUCH"):
        reply = world.face.handle(Request("GET", path, "", "", {}, "127.0.0.1"))
        assert (reply.status, reply.body) == (404, {"message": "NotFound"})
    assert world.ask("PUT", "/orders").status == 404


# --- market data
def test_the_time(world: World) -> None:
    world.advance(seconds=1.5)
    assert world.get("/time") == {"iso": "2025-03-03T12:00:01.500Z", "epoch": 1741003201.5}


def test_products(world: World) -> None:
    products = world.get("/products")
    assert len(products) == len(world.venue.markets)
    product, listing = world.get("/products/BTC-USD"), world.venue.markets["BTC/USD"].listing
    assert product in products
    assert (Decimal(product["base_increment"]), Decimal(product["quote_increment"])) == (
        listing.lot_step,
        listing.tick_size,
    )
    assert (product["status"], Decimal(product["min_market_funds"])) == ("online", listing.min_notional)


def test_candles_newest_first_at_most_300(world: World) -> None:
    rows = world.get("/products/BTC-USD/candles", granularity=60)
    assert [row[0] for row in rows] == [START_MS // 1000 - 60 * back for back in range(300)]
    for _, low, high, opened, closed, volume in rows[1:]:
        assert low <= min(opened, closed) <= max(opened, closed) <= high
        assert volume > 0
    window = {"start": "2025-03-03T11:00:00Z", "end": "2025-03-03T11:59:00Z"}
    hour = world.get("/products/BTC-USD/candles", granularity=60, **window)
    assert hour == rows[1:61]
    (whole,) = world.get("/products/BTC-USD/candles", granularity=3600, start=window["start"], end=window["start"])
    figures = (hour[0][0] - 59 * 60, min(r[1] for r in hour), max(r[2] for r in hour), hour[-1][3], hour[0][4])
    assert tuple(whole[:5]) == figures
    assert whole[5] == pytest.approx(sum(row[5] for row in hour))


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"granularity": 14400}, "Unsupported granularity"),
        ({"granularity": "x"}, "Invalid granularity"),
        ({"start": "2025-03-03T01:00:00Z", "end": "2025-03-03T11:00:00Z"}, "granularity too small"),
        ({"start": "2025-03-03T11:00:00Z", "end": "2025-03-03T10:00:00Z"}, "start must be before end"),
        ({"start": "soon", "end": "2025-03-03T10:00:00Z"}, "Invalid start"),
    ],
)
def test_candles_that_there_are_none_of(world: World, query: dict[str, Any], message: str) -> None:
    reply = world.ask("GET", "/products/BTC-USD/candles", {"granularity": 60} | query)
    assert reply.status == 400
    assert reply.body["message"].startswith(message)


def test_books_stand_around_the_price(world: World) -> None:
    ticker = world.get("/products/BTC-USD/ticker")
    for level, count in ((1, 1), (2, 50)):
        book = world.get("/products/BTC-USD/book", level=level)
        assert len(book["bids"]) == len(book["asks"]) == count
        assert (book["bids"][0][0], book["asks"][0][0]) == (ticker["bid"], ticker["ask"])
    assert Decimal(ticker["bid"]) < Decimal(ticker["price"]) < Decimal(ticker["ask"])
    assert world.ask("GET", "/products/BTC-USD/book", {"level": 4}).status == 400
    assert world.get("/products/BTC-USD/stats")["last"] == ticker["price"]


def test_trades_come_in_pages(world: World) -> None:
    first = world.ask("GET", "/products/BTC-USD/trades", {"limit": 5})
    second = world.ask("GET", "/products/BTC-USD/trades", {"limit": 5, "after": first.headers["CB-AFTER"]})
    ids = [row["trade_id"] for row in first.body + second.body]
    assert ids == list(range(ids[0], ids[0] - 10, -1))


# --- orders
def test_a_market_order_by_size(world: World) -> None:
    usd, _ = world.account("USD")
    oid = str(uuid4())
    reply = world.order(client_oid=oid).body
    assert (reply["status"], reply["filled_size"], reply["settled"]) == ("pending", "0", False)
    order = world.seen(reply["id"])
    assert (order["status"], order["done_reason"], order["filled_size"]) == ("done", "filled", "0.01")
    assert (order["client_oid"], order["type"], order["size"]) == (oid, "market", "0.01")
    assert world.seen(f"client:{oid}") == world.seen(f"client:{oid.upper()}") == order
    fills = world.get("/fills", order_id=order["id"])
    value = sum(Decimal(fill["price"]) * Decimal(fill["size"]) for fill in fills)
    fees = sum(Decimal(fill["fee"]) for fill in fills)
    assert (Decimal(order["executed_value"]), Decimal(order["fill_fees"])) == (value, fees)
    assert fees == value * FEE
    assert world.account("USD") == (usd - value - fees, 0)
    assert {fill["liquidity"] for fill in fills} == {"T"}


def test_a_market_order_by_funds(world: World) -> None:
    order = world.seen(world.placed(size=None, funds="100"))
    assert (order["status"], order["specified_funds"]) == ("done", "100")
    assert Decimal(order["executed_value"]) + Decimal(order["fill_fees"]) <= 100


def test_a_resting_order_holds_its_money_until_it_is_canceled_and_is_forgotten_then(world: World) -> None:
    usd, _ = world.account("USD")
    oid = str(uuid4())
    order_id = world.placed(**RESTING, client_oid=oid)
    assert world.seen(order_id)["status"] == "open"
    assert [each["id"] for each in world.get("/orders")] == [order_id]
    assert world.account("USD")[1] == 300 * (1 + FEE)
    canceled = world.cancel(order_id)
    assert (canceled.status, canceled.body) == (200, f'"{order_id}"')
    for name in (order_id, f"client:{oid}"):
        reply = world.ask("GET", f"/orders/{name}")
        assert (reply.status, reply.body) == (404, {"message": "NotFound"})
        assert (world.cancel(name).status, world.cancel(name).body) == (404, {"message": "order not found"})
    assert world.get("/orders", status="all") == []
    assert world.account("USD") == (usd, 0)


def test_an_order_that_filled_in_part_is_remembered(world: World) -> None:
    world.venue.fill_share = Decimal("0.5")
    order_id = world.placed(type="limit", price=world.near("1.01"), size="0.02")
    world.venue.fill_share = None
    assert (world.seen(order_id)["status"], world.seen(order_id)["filled_size"]) == ("open", "0.01")
    assert world.cancel(order_id).status == 200
    order = world.seen(order_id)
    assert (order["status"], order["done_reason"], order["filled_size"]) == ("done", "canceled", "0.01")
    assert world.cancel(order_id).body == {"message": "Order already done"}


def test_cancel_by_the_clients_id_and_all_at_once(world: World) -> None:
    oid = str(uuid4())
    world.placed(**RESTING, client_oid=oid)
    assert world.cancel(f"client:{oid}").status == 200
    orders = [world.placed(**RESTING) for _ in range(3)]
    eth = world.placed(**RESTING | {"product_id": "ETH-USD", "price": "1000", "size": "0.1"})
    assert sorted(world.ask("DELETE", "/orders", {"product_id": "BTC-USD"}).body) == sorted(orders)
    assert world.ask("DELETE", "/orders").body == [eth]
    assert world.ask("DELETE", "/orders").body == []


def test_a_client_oid_is_good_for_one_order(world: World) -> None:
    oid = str(uuid4())
    world.placed(**RESTING, client_oid=oid)
    assert world.refused(**RESTING, client_oid=oid) == "Duplicate client_oid"
    assert len(world.get("/orders")) == 1
    for wrong in (uuid4().hex, "mine", 7):
        assert world.refused(**RESTING, client_oid=wrong) == "Invalid client_oid"


def test_an_order_of_another_account_is_not_there(world: World) -> None:
    order_id = world.placed(**RESTING)
    other = world.labelled("trader-2")
    assert world.ask("GET", f"/orders/{order_id}", key=other).status == 404
    assert world.ask("DELETE", f"/orders/{order_id}", key=other).status == 404
    assert world.seen(order_id)["status"] == "open"


def test_a_post_only_order_that_would_take_is_rejected_and_there_is_no_order(world: World) -> None:
    order = world.order(type="limit", price=world.near("1.01"), post_only=True).body
    assert (order["status"], order["reject_reason"]) == ("rejected", "post only")
    assert world.get("/orders", status="all") == []
    assert world.seen(world.placed(**RESTING, post_only=True))["post_only"] is True


@pytest.mark.parametrize("time_in_force", ["IOC", "FOK"])
def test_orders_that_take_at_once_or_never(world: World, time_in_force: str) -> None:
    order = world.seen(world.placed(type="limit", price=world.near("1.01"), time_in_force=time_in_force))
    assert (order["status"], order["done_reason"]) == ("done", "filled")
    unfilled = world.placed(**RESTING, time_in_force=time_in_force)
    assert world.ask("GET", f"/orders/{unfilled}").status == 404


@pytest.mark.parametrize(
    ("side", "stop", "at", "through"), [("sell", "loss", "0.97", "0.95"), ("buy", "entry", "1.03", "1.05")]
)
def test_a_stop_waits_for_its_price(world: World, side: str, stop: str, at: str, through: str) -> None:
    price = world.price()
    terms = {"side": side, "type": "limit", "stop": stop, "stop_price": world.near(at), "price": world.near(through)}
    order_id = world.placed(**terms)
    order = world.seen(order_id)
    assert (order["status"], order["stop"], order["stop_price"]) == ("active", stop, terms["stop_price"])
    world.advance(minutes=1)
    assert world.seen(order_id)["status"] == "active"
    world.set_price(price * (Decimal(at) + Decimal(through)) / 2)
    assert world.seen(order_id)["done_reason"] == "filled"


def test_the_older_form_of_a_stop(world: World) -> None:
    price = world.price()
    order_id = world.placed(type="stop", side="sell", price=world.near("0.97"))
    assert world.seen(order_id)["status"] == "active"
    world.set_price(price * Decimal("0.96"))
    assert world.seen(order_id)["done_reason"] == "filled"


STOP = {"type": "limit", "side": "sell", "stop": "loss", "stop_price": "40000", "price": "39000"}
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"product_id": "NO-SUCH"}, "Product not found"),
    ({"side": "BUY"}, "Invalid side"),
    ({"type": "magic"}, "Invalid type"),
    ({"size": None}, "Invalid size"),
    ({"size": "-1"}, "Invalid size"),
    ({"size": "NaN"}, "Invalid size"),
    ({"size": "0.010000001"}, "size is too accurate"),
    ({"size": "0.000000001"}, "size is too accurate"),
    ({"size": "0.00000001"}, "notional is too small"),
    ({"size": "100000000"}, "size is too large"),
    ({"size": "1000"}, "Insufficient funds"),
    ({"side": "sell", "size": "1000"}, "Insufficient funds"),
    ({"size": None, "funds": "0.5"}, "funds is too small"),
    ({"size": None, "funds": "10.001"}, "funds is too accurate"),
    ({"funds": "10"}, "Invalid funds"),
    (RESTING | {"price": None}, "Invalid price"),
    (RESTING | {"price": "30000.001"}, "price is too accurate"),
    (RESTING | {"size": "1000"}, "Insufficient funds"),
    (RESTING | {"price": "0.01", "size": "0.0001"}, "notional is too small"),
    (RESTING | {"time_in_force": "GTT"}, "Invalid time_in_force"),
    (RESTING | {"time_in_force": "IOC", "post_only": True}, "Invalid post_only"),
    (STOP | {"stop": "up"}, "Invalid stop"),
    (STOP | {"stop_price": None}, "Invalid stop_price"),
    (STOP | {"price": "41000"}, "stop price must be above limit price"),
    (STOP | {"stop_price": "900000"}, "stop price must be reached"),
    (STOP | {"side": "buy", "stop": "entry", "price": "39000"}, "stop price must be below limit price"),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED, ids=str)
def test_what_is_refused(world: World, changes: dict[str, Any], message: str) -> None:
    assert world.refused(**changes).startswith(message)
    assert world.get("/orders", status="all") == []


def test_bodies_and_ids_that_cannot_be_read(world: World) -> None:
    for text in ("{", "[]", ""):
        reply = world.face.handle(world.request("POST", "/orders", "", text))
        assert (reply.status, reply.body) == (400, {"message": "Invalid JSON"})
    for name in ("nonsense", "client:"):
        assert world.ask("GET", f"/orders/{name}").body == {"message": "Invalid order id"}


# --- lists
def test_lists_come_in_pages(world: World) -> None:
    placed = []
    for _ in range(5):
        placed.append(world.placed(**RESTING))
        world.advance(seconds=1)
    seen: list[str] = []
    after: dict[str, str] = {}
    for count in (2, 2, 1):
        reply = world.ask("GET", "/orders", {"limit": 2} | after)
        assert len(reply.body) == count
        assert reply.headers["CB-BEFORE"] == reply.body[0]["id"]
        seen += [each["id"] for each in reply.body]
        after = {"after": reply.headers.get("CB-AFTER", "")}
    assert seen == placed[::-1]
    assert after == {"after": ""}


def test_orders_are_chosen_by_what_is_asked(world: World) -> None:
    resting = world.placed(**RESTING)
    world.advance(minutes=5)
    bought = world.placed()
    world.advance(seconds=1)
    eth = world.placed(**RESTING | {"product_id": "ETH-USD", "price": "1000", "size": "0.1"})
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, [eth, resting]),
        ({"status": "all"}, [eth, bought, resting]),
        ({"status": ["done"]}, [bought]),
        ({"status": ["open", "done"], "product_id": "BTC-USD"}, [bought, resting]),
        ({"status": "all", "start_date": "2025-03-03T12:01:00Z", "product_id": "BTC-USD"}, [bought]),
        ({"status": "all", "end_date": "2025-03-03T12:01:00Z"}, [resting]),
    ]
    for query, wanted in cases:
        assert [each["id"] for each in world.get("/orders", **query)] == wanted, query


def test_fills_are_asked_for_by_order_or_product(world: World) -> None:
    assert world.ask("GET", "/fills").body == {"message": "Either order_id or product_id must be provided"}
    placed = [world.placed() for _ in range(3)]
    rows = world.get("/fills", product_id="BTC-USD")
    assert {row["order_id"] for row in rows} == set(placed)
    assert [row["trade_id"] for row in rows] == sorted((row["trade_id"] for row in rows), reverse=True)
    first = world.ask("GET", "/fills", {"product_id": "BTC-USD", "limit": 1})
    rest = world.get("/fills", product_id="BTC-USD", after=first.headers["CB-AFTER"])
    assert first.body + rest == rows
    assert world.get("/fills", product_id="ETH-USD") == []
    assert world.ask("GET", "/fills", {"product_id": "NO-SUCH"}).status == 404


def test_accounts_and_fees(world: World) -> None:
    accounts = world.get("/accounts")
    assert accounts == world.get("/accounts/")  # which is how cbpro asks
    assert len({UUID(account["id"]) for account in accounts}) == len(accounts)
    assert world.get(f"/accounts/{accounts[0]['id']}") == accounts[0]
    assert world.ask("GET", f"/accounts/{uuid4()}").status == 404
    order = world.seen(world.placed())
    fees = world.get("/fees")
    assert Decimal(fees["taker_fee_rate"]) == FEE
    assert Decimal(fees["usd_volume"]) == Decimal(order["executed_value"])


# --- limits, statuses, faults
def test_who_is_limited(world: World) -> None:
    world.face.limits.enabled = True
    statuses = [world.face.handle(Request("GET", "/time", "", "", {}, "127.0.0.1")).status for _ in range(40)]
    assert statuses[:15] == [200] * 15
    assert 429 in statuses
    replies = [world.ask("GET", "/accounts") for _ in range(80)]
    assert [reply.status for reply in replies[:30]] == [200] * 30
    assert {"message": "Private rate limit exceeded"} in [reply.body for reply in replies]
    assert world.ask("GET", "/accounts", key=world.labelled("trader-2")).status == 200


@pytest.mark.parametrize(
    ("status", "flag", "market", "resting", "cancel"),
    [
        (VenueStatus.CANCEL_ONLY, "cancel_only", "Cancel only mode", "Cancel only mode", 200),
        (VenueStatus.POST_ONLY, "post_only", "Post only mode", None, 200),
        (VenueStatus.SUSPENDED, "trading_disabled", "Trading is disabled", "Trading is disabled", 400),
    ],
)
def test_a_venue_that_does_not_take_everything(
    world: World, status: VenueStatus, flag: str, market: str, resting: str | None, cancel: int
) -> None:
    order_id = world.placed(**RESTING)
    world.venue.status = status
    assert world.get("/products/BTC-USD")[flag] is True
    assert world.refused() == market
    if resting is None:
        world.placed(**RESTING, post_only=True)
    else:
        assert world.refused(**RESTING, post_only=True) == resting
    assert world.cancel(order_id).status == cancel


def test_under_maintenance_nothing_is_answered(world: World) -> None:
    world.venue.status = VenueStatus.MAINTENANCE
    for path in ("/time", "/accounts"):
        reply = world.ask("GET", path)
        assert (reply.status, reply.body) == (503, {"message": "Service is under maintenance"})


def test_what_a_request_is_about(world: World) -> None:
    cases = [
        ("POST", "/orders", "submit"),
        ("DELETE", "/orders", "cancel"),
        ("DELETE", f"/orders/{uuid4()}", "cancel"),
        ("GET", "/orders", "open_orders"),
        ("GET", f"/orders/client:{uuid4()}", "get_order"),
        ("GET", "/fills", "fills"),
        ("GET", "/accounts/", "balances"),
        ("GET", "/products", "instruments"),
        ("GET", "/products/BTC-USD/ticker", "price"),
        ("GET", "/products/BTC-USD/candles", "candles"),
        ("GET", "/time", "time"),
        ("GET", "/nothing", "other"),
    ]
    for method, path, operation in cases:
        assert world.face.operation(Request(method, path, "", "", {}, "127.0.0.1")) == operation
