"""Coinbase's face: its wire format, its checks, its limits. Clients of others stand in test_coinbase_clients.py."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import jwt
import pytest

from exchanges.base import VenueStatus
from exchanges.simulator.coinbase import ids
from exchanges.simulator.coinbase.face import CoinbaseAdvancedFace, make_face
from exchanges.simulator.coinbase.keys import new_key
from exchanges.simulator.coinbase.limits import Buckets, Rate
from exchanges.simulator.http import FaceOptions, Reply, Request
from exchanges.simulator.records import ApiKey
from exchanges.simulator.simulator import Settings, Simulator, open_simulator

START_MS = 1_741_003_200_000  # 2025-03-03T12:00:00Z
HOST = "127.0.0.1:8001"
BROKERAGE = "/api/v3/brokerage"
ORDERS, CANCEL = f"{BROKERAGE}/orders", f"{BROKERAGE}/orders/batch_cancel"
LIST, FILLS = f"{BROKERAGE}/orders/historical/batch", f"{BROKERAGE}/orders/historical/fills"


class World:
    """A face with its books, without HTTP, and a client that signs."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.face: CoinbaseAdvancedFace = make_face(simulator, FaceOptions())
        self.face.limits.enabled = False
        self.venue = simulator.venues["coinbase"]
        self.key = self.labelled("trader-1")

    def labelled(self, label: str) -> ApiKey:
        return next(key for key in self.venue.keys.values() if key.label == label)

    def token(self, method: str, path: str, key: ApiKey | None = None, **changes: Any) -> str:
        """Without a query in it. None leaves a claim out; `headers` and `secret` are of the token itself."""
        key = key or self.key
        headers = {"kid": key.api_key, "nonce": "0" * 32} | changes.pop("headers", {})
        secret = changes.pop("secret", key.api_secret)
        now = int(time.time())
        claims = {"sub": key.api_key, "iss": "cdp", "nbf": now, "exp": now + 120, "uri": f"{method} {HOST}{path}"}
        claims = {name: value for name, value in (claims | changes).items() if value is not None}
        return jwt.encode(claims, secret, algorithm="ES256", headers=headers)

    def ask(
        self, method: str, path: str, query: Any = "", body: Any = None, *, token: str | None = None, key: Any = None
    ) -> Reply:
        token = self.token(method, path, key) if token is None else token
        headers = {"host": HOST} | ({"Authorization": f"Bearer {token}"} if token else {})
        text = query if isinstance(query, str) else urlencode(query, doseq=True)
        self.simulator.settle()
        reply = self.face.handle(Request(method, path, text, json.dumps(body) if body else "", headers, "127.0.0.1"))
        json.dumps(reply.body)
        return reply

    def get(self, path: str, **query: Any) -> Any:
        reply = self.ask("GET", path, query)
        assert reply.status == 200, reply.body
        return reply.body

    def post(self, path: str, **body: Any) -> Any:
        reply = self.ask("POST", path, "", body)
        assert reply.status == 200, reply.body
        return reply.body

    def order(self, configuration: str, terms: dict[str, Any], side: str = "BUY", **changes: Any) -> Any:
        body = {"client_order_id": uuid4().hex, "product_id": "BTC-USD", "side": side} | changes
        return self.post(ORDERS, **body, order_configuration={configuration: terms})

    def placed(self, configuration: str, terms: dict[str, Any], side: str = "BUY", **changes: Any) -> str:
        reply = self.order(configuration, terms, side, **changes)
        assert reply["success"] is True, reply
        return str(reply["success_response"]["order_id"])

    def reason(self, configuration: str, terms: dict[str, Any], side: str = "BUY", **changes: Any) -> tuple[str, str]:
        """Why it was refused: the newer and the older word for it."""
        reply = self.order(configuration, terms, side, **changes)
        assert reply["success"] is False, reply
        error = reply["error_response"]
        assert error["error"] == error["new_order_failure_reason"]
        return error["error"], error["preview_failure_reason"]

    def seen(self, order_id: str) -> Any:
        return self.get(f"{BROKERAGE}/orders/historical/{order_id}")["order"]

    def canceled(self, *order_ids: str) -> list[str]:
        """What was said of each: "" of what was canceled."""
        results = self.post(CANCEL, order_ids=list(order_ids))["results"]
        assert [each["order_id"] for each in results] == list(order_ids)
        return ["" if each["success"] else each["failure_reason"] for each in results]

    def wallet(self, currency: str) -> tuple[Decimal, Decimal]:
        """What is free and what is on hold."""
        wallets = self.get(f"{BROKERAGE}/accounts", limit=250)["accounts"]
        found = next(each for each in wallets if each["currency"] == currency)
        return Decimal(found["available_balance"]["value"]), Decimal(found["hold"]["value"])

    def price(self) -> Decimal:
        return Decimal(self.get(f"{BROKERAGE}/market/products/BTC-USD")["price"])

    def set_price(self, price: Decimal) -> None:
        self.simulator.settle()
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


def limit(price: Any = "30000.00", size: str = "0.01", **more: Any) -> tuple[str, dict[str, Any]]:
    return "limit_limit_gtc", {"base_size": size, "limit_price": str(price), **more}


MARKET = ("market_market_ioc", {"base_size": "0.01"})


# --- ids and keys
def test_ids_are_uuids_and_lead_back(world: World) -> None:
    account = world.venue.accounts[world.key.account_id]
    order_id = world.placed(*MARKET)
    assert str(UUID(order_id)) == order_id
    found = ids.find_order(world.venue, account, order_id)
    assert found is not None
    assert ids.order_id(world.venue, found) == order_id
    for text in ("", "nonsense", str(uuid4())):
        assert ids.find_order(world.venue, account, text) is None


def test_an_order_of_another_account_is_not_there(world: World) -> None:
    order_id = world.placed(*limit())
    other = world.labelled("trader-2")
    assert world.ask("GET", f"{BROKERAGE}/orders/historical/{order_id}", key=other).status == 404
    reply = world.ask("POST", CANCEL, "", {"order_ids": [order_id]}, key=other)
    assert reply.body["results"][0]["failure_reason"] == "UNKNOWN_CANCEL_ORDER"
    assert world.seen(order_id)["status"] == "OPEN"


def test_keys_have_the_venues_format() -> None:
    name, secret, passphrase = new_key("text")
    organization, key = name.split("/")[1::2]
    assert name == f"organizations/{UUID(organization)}/apiKeys/{UUID(key)}"
    assert secret.startswith("-----BEGIN EC PRIVATE KEY-----\n")
    assert secret.endswith("-----END EC PRIVATE KEY-----\n")
    assert passphrase == ""
    assert new_key("text") == (name, secret, "")
    assert new_key("another")[0] != name


# --- who is asking
ACCOUNTS = f"{BROKERAGE}/accounts"


def test_a_good_token_is_let_in(world: World) -> None:
    assert world.ask("GET", ACCOUNTS).status == 200
    assert world.ask("GET", ACCOUNTS, token=world.token("GET", ACCOUNTS, iss="coinbase-cloud")).status == 200
    assert world.ask("GET", ACCOUNTS, "limit=1", token=world.token("GET", ACCOUNTS)).status == 200


NOW = int(time.time())


@pytest.mark.parametrize(
    "changes",
    [
        {"uri": f"POST {HOST}{ACCOUNTS}"},
        {"uri": f"GET api.coinbase.com{ACCOUNTS}"},
        {"uri": f"GET {HOST}{ORDERS}"},
        {"uri": f"GET {HOST}{ACCOUNTS}?limit=1"},
        {"uri": None},
        {"sub": "organizations/x/apiKeys/y"},
        {"sub": None},
        {"iss": "me"},
        {"exp": NOW - 1, "nbf": NOW - 121},
        {"nbf": NOW + 3600, "exp": NOW + 3700},
        {"exp": NOW + 3600},
        {"exp": None},
        {"nbf": None},
        {"headers": {"kid": "organizations/x/apiKeys/y"}},
        {"headers": {"nonce": ""}},
        {"secret": new_key("another")[1]},
    ],
    ids=str,
)
def test_a_token_that_is_wrong_in_one_thing_is_not(world: World, changes: dict[str, Any]) -> None:
    reply = world.ask("GET", ACCOUNTS, token=world.token("GET", ACCOUNTS, **changes))
    assert (reply.status, reply.body) == (401, "Unauthorized\n")


def test_no_token_and_no_jwt_are_not(world: World) -> None:
    good = world.token("GET", ACCOUNTS)
    head, claims, _ = good.split(".")
    unsigned = jwt.encode(jwt.decode(good, options={"verify_signature": False}), "", algorithm="none")
    for token in ("", "nonsense", f"{head}.{claims}.", f"{head}.{claims}.AAAA", unsigned):
        assert world.ask("GET", ACCOUNTS, token=token).status == 401
    basic = Request("GET", ACCOUNTS, "", "", {"Host": HOST, "Authorization": f"Basic {good}"}, "127.0.0.1")
    assert world.face.handle(basic).status == 401


def test_a_token_dated_by_the_simulated_clock_is_good_too(world: World) -> None:
    now = START_MS // 1000
    assert world.ask("GET", ACCOUNTS, token=world.token("GET", ACCOUNTS, nbf=now, exp=now + 120)).status == 200
    world.advance(minutes=3)
    assert world.ask("GET", ACCOUNTS, token=world.token("GET", ACCOUNTS, nbf=now, exp=now + 120)).status == 401


def test_what_a_key_may_do(world: World) -> None:
    reader, mover = world.labelled("read-only"), world.labelled("withdrawals")
    permissions = f"{BROKERAGE}/key_permissions"
    told = [world.ask("GET", permissions, key=key).body for key in (world.key, reader, mover)]
    assert [(each["can_view"], each["can_trade"], each["can_transfer"]) for each in told] == [
        (True, True, False),
        (True, False, False),
        (True, True, True),
    ]
    body = {"client_order_id": "a", "product_id": "BTC-USD", "side": "BUY", "order_configuration": dict([MARKET])}
    refused = world.ask("POST", ORDERS, "", body, key=reader)
    assert (refused.status, refused.body["error"]) == (403, "PERMISSION_DENIED")
    assert world.ask("POST", CANCEL, "", {"order_ids": ["a"]}, key=reader).status == 403
    assert world.ask("GET", LIST, key=reader).status == 200


def test_market_data_is_public_there_and_here_not(world: World) -> None:
    for path in ("products", "products/BTC-USD", "product_book?product_id=BTC-USD"):
        path, _, query = path.partition("?")
        assert world.ask("GET", f"{BROKERAGE}/market/{path}", query, token="").status == 200
        assert world.ask("GET", f"{BROKERAGE}/{path}", query, token="").status == 401
        assert world.ask("GET", f"{BROKERAGE}/{path}", query).status == 200
    assert world.ask("GET", f"{BROKERAGE}/nothing").status == 404
    assert world.ask("DELETE", ORDERS).status == 404


# --- market data
def test_the_time(world: World) -> None:
    world.advance(seconds=1.5)
    assert world.get(f"{BROKERAGE}/time") == {
        "iso": "2025-03-03T12:00:01Z",
        "epochSeconds": "1741003201",
        "epochMillis": "1741003201500",
    }


def test_products_say_how_the_market_is_and_what_it_takes(world: World) -> None:
    reply = world.get(f"{BROKERAGE}/market/products")
    assert reply["num_products"] == len(reply["products"]) == len(world.venue.markets)
    product = world.get(f"{BROKERAGE}/market/products/BTC-USD")
    assert product in reply["products"]
    listing = world.venue.markets["BTC/USD"].listing
    assert Decimal(product["base_increment"]) == listing.lot_step
    assert Decimal(product["price_increment"]) == listing.tick_size
    assert (Decimal(product["base_min_size"]), Decimal(product["quote_min_size"])) == (
        listing.min_quantity,
        listing.min_notional,
    )
    assert len(world.get(f"{BROKERAGE}/market/products", product_ids=["BTC-USD", "ETH-USD"])["products"]) == 2
    assert [p["product_id"] for p in world.get(f"{BROKERAGE}/market/products", limit=1, offset=1)["products"]] == [
        reply["products"][1]["product_id"]
    ]
    assert world.get(f"{BROKERAGE}/market/products", product_type="FUTURE")["products"] == []
    missing = world.ask("GET", f"{BROKERAGE}/market/products/NO-SUCH")
    assert (missing.status, missing.body["error"]) == (404, "NOT_FOUND")


def test_candles_newest_first_at_most_350(world: World) -> None:
    path, now = f"{BROKERAGE}/market/products/BTC-USD/candles", START_MS // 1000
    reply = world.get(path, start=now - 349 * 60, end=now, granularity="ONE_MINUTE")["candles"]
    assert [int(each["start"]) for each in reply] == [now - 60 * back for back in range(350)]
    ninety = world.get(path, start=now - 349 * 60, end=now, granularity="ONE_MINUTE", limit=90)["candles"]
    assert ninety == reply[:90]
    two = world.get(path, start=now - 7200, end=now - 7200, granularity="TWO_HOUR")["candles"]
    (whole,) = two
    minutes = world.get(path, start=now - 7200, end=now - 60, granularity="ONE_MINUTE")["candles"]
    assert whole["open"] == minutes[-1]["open"]
    assert whole["close"] == minutes[0]["close"]
    assert Decimal(whole["high"]) == max(Decimal(each["high"]) for each in minutes)
    assert Decimal(whole["volume"]) == sum(Decimal(each["volume"]) for each in minutes)
    for wrong in (
        {"start": now - 350 * 60},
        {"granularity": "FOUR_HOUR"},
        {"granularity": ""},
        {"limit": 351},
        {"start": "soon"},
        {"start": now + 60},
    ):
        reply = world.ask("GET", path, {"start": now - 60, "end": now, "granularity": "ONE_MINUTE"} | wrong)
        assert (reply.status, reply.body["error"]) == (400, "INVALID_ARGUMENT")


def test_book_and_trades_stand_around_the_price(world: World) -> None:
    price = world.price()
    book = world.get(f"{BROKERAGE}/market/product_book", product_id="BTC-USD", limit=3)["pricebook"]
    bids, asks = ([Decimal(level["price"]) for level in book[side]] for side in ("bids", "asks"))
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert len(bids) == len(asks) == 3
    assert bids[0] < price < asks[0]
    best = world.get(f"{BROKERAGE}/best_bid_ask", product_ids="BTC-USD")["pricebooks"]
    assert [Decimal(each["asks"][0]["price"]) for each in best] == [asks[0]]
    trades = world.get(f"{BROKERAGE}/market/products/BTC-USD/ticker", limit=5)
    assert Decimal(trades["trades"][0]["price"]) == price
    assert len(trades["trades"]) == 5
    assert Decimal(trades["best_ask"]) == asks[0]


# --- orders
def test_a_market_order_by_base_size(world: World) -> None:
    usd, _ = world.wallet("USD")
    body = {"client_order_id": "mine", "product_id": "BTC-USD", "side": "BUY", "order_configuration": dict([MARKET])}
    reply = world.post(ORDERS, **body)
    order_id = reply["success_response"]["order_id"]
    assert reply["success_response"] == {
        "order_id": order_id,
        "product_id": "BTC-USD",
        "side": "BUY",
        "client_order_id": "mine",
        "attached_order_id": "",
    }
    order = world.seen(order_id)
    assert (order["status"], order["order_type"], order["filled_size"]) == ("FILLED", "MARKET", "0.01")
    assert order["order_configuration"] == dict([MARKET])
    fills = world.get(FILLS, order_ids=order_id)["fills"]
    assert sum(Decimal(fill["size"]) for fill in fills) == Decimal("0.01")
    fees = sum(Decimal(fill["commission"]) for fill in fills)
    assert Decimal(order["total_fees"]) == fees == Decimal(order["filled_value"]) * Decimal("0.012")
    assert world.wallet("USD") == (usd - Decimal(order["total_value_after_fees"]), 0)
    assert {fill["liquidity_indicator"] for fill in fills} == {"TAKER"}


def test_a_market_order_by_quote_size_pays_its_fee_out_of_it(world: World) -> None:
    order = world.seen(world.placed("market_market_ioc", {"quote_size": "100"}))
    assert order["status"] == "FILLED"
    assert order["size_in_quote"] is True
    assert Decimal(order["total_value_after_fees"]) <= 100
    fill = world.get(FILLS, order_ids=order["order_id"])["fills"][0]
    assert fill["size_in_quote"] is True
    assert Decimal(fill["size"]) == Decimal(order["filled_value"])


def test_a_resting_order_holds_its_money_until_it_is_canceled(world: World) -> None:
    usd, _ = world.wallet("USD")
    order_id = world.placed(*limit())
    free, held = world.wallet("USD")
    assert (free + held, held) == (usd, Decimal(world.seen(order_id)["outstanding_hold_amount"]))
    assert held == 300 * (1 + Decimal("0.012"))
    assert world.get(LIST, order_status="OPEN")["orders"][0]["order_id"] == order_id
    assert world.canceled(order_id, order_id, str(uuid4()), "nonsense") == [
        "",
        "UNKNOWN_CANCEL_ORDER",
        "UNKNOWN_CANCEL_ORDER",
        "UNKNOWN_CANCEL_ORDER",
    ]
    assert world.seen(order_id)["status"] == "CANCELLED"
    assert world.wallet("USD") == (usd, 0)
    assert world.canceled(world.placed(*MARKET)) == ["ORDER_IS_FULLY_FILLED"]


def test_a_client_order_id_is_good_for_one_order(world: World) -> None:
    first = world.placed(*limit(), client_order_id="mine")
    assert world.placed(*limit(), client_order_id="mine") == first
    assert world.placed("market_market_ioc", {"base_size": "0.5"}, "SELL", client_order_id="mine") == first
    world.canceled(first)
    assert world.placed(*limit(), client_order_id="mine") == first
    assert len(world.get(LIST)["orders"]) == 1
    assert world.placed(*limit(), client_order_id="another") != first


def test_limits_that_take(world: World) -> None:
    price = round(world.price() * Decimal("1.01"), 2)
    assert world.seen(world.placed(*limit(price)))["status"] == "FILLED"
    for configuration in ("limit_limit_fok", "sor_limit_ioc"):
        order_id = world.placed(configuration, {"base_size": "0.01", "limit_price": str(price)})
        assert world.seen(order_id)["status"] == "FILLED"
        order_id = world.placed(configuration, {"base_size": "0.01", "limit_price": "30000"})
        assert world.seen(order_id)["status"] == "CANCELLED"
    assert world.reason(*limit(price, post_only=True))[0] == "INVALID_LIMIT_PRICE_POST_ONLY"
    assert world.seen(world.placed(*limit(post_only=True)))["status"] == "OPEN"


def stop_limit(world: World, side: str, stop: str, price: str) -> tuple[str, dict[str, Any]]:
    now = world.price()
    direction = "STOP_DIRECTION_STOP_DOWN" if side == "SELL" else "STOP_DIRECTION_STOP_UP"
    terms = {"base_size": "0.01", "stop_price": str(round(now * Decimal(stop), 2)), "stop_direction": direction}
    return "stop_limit_stop_limit_gtc", terms | {"limit_price": str(round(now * Decimal(price), 2))}


@pytest.mark.parametrize(("side", "stop", "through"), [("SELL", "0.97", "0.95"), ("BUY", "1.03", "1.05")])
def test_a_stop_waits_for_its_price(world: World, side: str, stop: str, through: str) -> None:
    price = world.price()
    order_id = world.placed(*stop_limit(world, side, stop, through), side)
    order = world.seen(order_id)
    assert (order["status"], order["order_type"], order["trigger_status"]) == ("OPEN", "STOP_LIMIT", "STOP_PENDING")
    world.advance(minutes=1)
    assert world.seen(order_id)["status"] == "OPEN"
    world.set_price(price * (Decimal(stop) + Decimal(through)) / 2)
    order = world.seen(order_id)
    assert (order["status"], order["trigger_status"]) == ("FILLED", "STOP_TRIGGERED")


@pytest.mark.parametrize(
    ("side", "stop", "limit_at", "preview"),
    [
        ("SELL", "1.03", "0.9", "PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE"),
        ("BUY", "0.97", "1.1", "PREVIEW_STOP_PRICE_BELOW_LAST_TRADE_PRICE"),
        ("SELL", "0.97", "0.98", "PREVIEW_STOP_PRICE_BELOW_LIMIT_PRICE"),
        ("BUY", "1.03", "1.02", "PREVIEW_STOP_PRICE_ABOVE_LIMIT_PRICE"),
    ],
)
def test_a_stop_on_the_wrong_side_is_refused(world: World, side: str, stop: str, limit_at: str, preview: str) -> None:
    reasons = world.reason(*stop_limit(world, side, stop, limit_at), side)
    assert reasons == ("UNKNOWN_FAILURE_REASON", preview)


def bracket(world: World, take_profit: str = "1.05", stop: str = "0.95") -> tuple[str, dict[str, Any]]:
    price = world.price()
    terms = {"limit_price": price * Decimal(take_profit), "stop_trigger_price": price * Decimal(stop)}
    return "trigger_bracket_gtc", {"base_size": "0.01"} | {name: str(round(at, 2)) for name, at in terms.items()}


@pytest.mark.parametrize(("to", "trigger"), [("1.06", "STOP_PENDING"), ("0.945", "STOP_TRIGGERED")])
def test_a_bracket_is_one_order_and_one_of_its_ends_comes(world: World, to: str, trigger: str) -> None:
    btc, _ = world.wallet("BTC")
    price = world.price()
    order_id = world.placed(*bracket(world), "SELL")
    assert [each["order_id"] for each in world.get(LIST)["orders"]] == [order_id]
    order = world.seen(order_id)
    assert (order["status"], order["order_type"]) == ("OPEN", "BRACKET")
    assert world.wallet("BTC") == (btc - Decimal("0.01"), Decimal("0.01"))
    world.set_price(price * Decimal(to))
    order = world.seen(order_id)
    assert (order["status"], order["filled_size"], order["trigger_status"]) == ("FILLED", "0.01", trigger)
    fills = world.get(FILLS, order_ids=order_id)["fills"]
    assert sum(Decimal(fill["size"]) for fill in fills) == Decimal("0.01")
    assert world.wallet("BTC") == (btc - Decimal("0.01"), 0)
    assert world.canceled(order_id) == ["ORDER_IS_FULLY_FILLED"]


def test_a_canceled_bracket_lets_go_of_everything(world: World) -> None:
    btc = world.wallet("BTC")
    order_id = world.placed(*bracket(world), "SELL")
    assert world.canceled(order_id) == [""]
    assert world.seen(order_id)["status"] == "CANCELLED"
    assert world.wallet("BTC") == btc
    world.set_price(world.price() * Decimal("0.9"))
    assert world.get(FILLS)["fills"] == []


@pytest.mark.parametrize(
    ("take_profit", "stop", "reason"),
    [
        ("0.94", "0.95", "INVALID_BRACKET_PRICES"),
        ("0.99", "0.95", "INVALID_BRACKET_LIMIT_PRICE"),
        ("1.05", "1.01", "INVALID_BRACKET_STOP_TRIGGER_PRICE"),
    ],
)
def test_a_bracket_that_does_not_stand_around_the_price(world: World, take_profit: str, stop: str, reason: str) -> None:
    assert world.reason(*bracket(world, take_profit, stop), "SELL")[0] == reason


REFUSED: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("limit_limit_gtc", {"base_size": "0.01", "limit_price": "30000"}, {"product_id": "NO-SUCH"}, "INVALID_PRODUCT_ID"),
    ("limit_limit_gtd", {"base_size": "0.01"}, {}, "UNSUPPORTED_ORDER_CONFIGURATION"),
    ("limit_limit_gtc", {"base_size": "0.01"}, {}, "UNSUPPORTED_ORDER_CONFIGURATION"),
    ("limit_limit_gtc", {"base_size": "-1", "limit_price": "30000"}, {}, "UNSUPPORTED_ORDER_CONFIGURATION"),
    ("limit_limit_gtc", {"base_size": "NaN", "limit_price": "30000"}, {}, "UNSUPPORTED_ORDER_CONFIGURATION"),
    ("limit_limit_gtc", {"base_size": "0.01", "limit_price": "30000.001"}, {}, "INVALID_PRICE_PRECISION"),
    ("limit_limit_gtc", {"base_size": "0.010000001", "limit_price": "30000"}, {}, "INVALID_SIZE_PRECISION"),
    ("limit_limit_gtc", {"base_size": "0.00001", "limit_price": "30000"}, {}, "PREVIEW_INVALID_BASE_SIZE_TOO_SMALL"),
    ("limit_limit_gtc", {"base_size": "100000", "limit_price": "3000"}, {}, "PREVIEW_INVALID_BASE_SIZE_TOO_LARGE"),
    ("limit_limit_gtc", {"base_size": "100", "limit_price": "30000"}, {}, "INSUFFICIENT_FUND"),
    ("market_market_ioc", {"base_size": "100"}, {"side": "SELL"}, "INSUFFICIENT_FUND"),
    ("market_market_ioc", {"quote_size": "0.5"}, {}, "PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL"),
    ("market_market_ioc", {"quote_size": "10.001"}, {}, "INVALID_QUOTE_SIZE_PRECISION"),
]


@pytest.mark.parametrize(("configuration", "terms", "changes", "reason"), REFUSED, ids=str)
def test_what_is_refused(
    world: World, configuration: str, terms: dict[str, Any], changes: dict[str, Any], reason: str
) -> None:
    reasons = world.reason(configuration, terms, **changes)
    assert reason in (reasons[1] if reason.startswith("PREVIEW_") else reasons[0])
    assert world.get(LIST)["orders"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"client_order_id": ""},
        {"client_order_id": None},
        {"client_order_id": "x" * 129},
        {"side": "buy"},
        {"side": None},
    ],
)
def test_a_body_that_is_no_order(world: World, body: dict[str, Any]) -> None:
    whole = {"client_order_id": "a", "product_id": "BTC-USD", "side": "BUY", "order_configuration": dict([MARKET])}
    reply = world.ask("POST", ORDERS, "", whole | body)
    assert (reply.status, reply.body["error"]) == (400, "INVALID_ARGUMENT")


def test_a_body_that_is_no_json(world: World) -> None:
    for text in ("{", "[]", "1"):
        headers = {"Host": HOST, "Authorization": f"Bearer {world.token('POST', ORDERS)}"}
        reply = world.face.handle(Request("POST", ORDERS, "", text, headers, "127.0.0.1"))
        assert reply.status == 400
    assert world.ask("POST", CANCEL, "", {"order_ids": []}).status == 400


def test_a_preview_places_nothing(world: World) -> None:
    order = {"product_id": "BTC-USD", "side": "BUY", "order_configuration": dict([MARKET])}
    assert world.post(f"{ORDERS}/preview", **order)["errs"] == []
    too_much = order | {"order_configuration": {"market_market_ioc": {"base_size": "100"}}}
    assert world.post(f"{ORDERS}/preview", **too_much)["errs"] == ["PREVIEW_INSUFFICIENT_FUND"]
    assert world.get(LIST)["orders"] == []


# --- lists
def pages(world: World, path: str, name: str, **query: Any) -> tuple[list[Any], int]:
    """All rows, and on how many pages they came."""
    rows: list[Any] = []
    cursor, count = "", 0
    while True:
        reply = world.get(path, **query, **({"cursor": cursor} if cursor else {}))
        rows += reply[name]
        count, cursor = count + 1, reply["cursor"]
        assert reply.get("has_next", bool(cursor)) is bool(cursor)
        if not cursor:
            return rows, count


def test_orders_come_newest_first_in_pages(world: World) -> None:
    placed = []
    for _ in range(7):
        placed.append(world.placed(*limit()))
        world.advance(seconds=1)
    rows, count = pages(world, LIST, "orders", limit=3)
    assert [row["order_id"] for row in rows] == placed[::-1]
    assert count == 3
    first = world.get(LIST, limit=3)
    world.placed(*limit())
    assert world.get(LIST, limit=3, cursor=first["cursor"])["orders"][0]["order_id"] == placed[3]
    assert world.ask("GET", LIST, {"cursor": "nonsense"}).status == 400


def test_orders_are_chosen_by_what_is_asked(world: World) -> None:
    resting = world.placed(*limit())
    world.advance(minutes=5)
    bought = world.placed(*MARKET)
    world.advance(seconds=1)
    sold = world.placed(*MARKET, "SELL")
    world.advance(seconds=1)
    eth = world.placed("market_market_ioc", {"base_size": "0.1"}, product_id="ETH-USD")
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"order_status": "OPEN"}, [resting]),
        ({"order_status": ["OPEN", "FILLED"]}, [eth, sold, bought, resting]),
        ({"product_ids": "ETH-USD"}, [eth]),
        ({"order_side": "SELL"}, [sold]),
        ({"order_ids": [resting, bought]}, [bought, resting]),
        ({"end_date": "2025-03-03T12:01:00Z"}, [resting]),
        ({"start_date": "2025-03-03T12:01:00Z", "product_ids": "BTC-USD"}, [sold, bought]),
        ({"sort_by": "LAST_FILL_TIME", "product_ids": "BTC-USD"}, [sold, bought]),
    ]
    for query, wanted in cases:
        found = [row["order_id"] for row in world.get(LIST, **query)["orders"]]
        assert found == wanted, query


def test_fills_and_wallets_come_in_pages(world: World) -> None:
    placed = [world.placed(*MARKET) for _ in range(5)]
    rows, count = pages(world, FILLS, "fills", limit=2)
    assert count >= 3
    assert {row["order_id"] for row in rows} == set(placed)
    assert world.get(FILLS, trade_ids=rows[0]["trade_id"])["fills"] == [rows[0]]
    assert {row["order_id"] for row in world.get(FILLS, order_ids=placed[:2])["fills"]} == set(placed[:2])
    wallets, count = pages(world, ACCOUNTS, "accounts", limit=2)
    assert count == -(-len(wallets) // 2)
    assert world.get(f"{ACCOUNTS}/{wallets[0]['uuid']}")["account"] == wallets[0]
    assert world.ask("GET", f"{ACCOUNTS}/{uuid4()}").status == 404
    older = {wallet["id"]: wallet["balance"]["amount"] for wallet in world.get("/v2/accounts")["data"]}
    for wallet in wallets:
        total = Decimal(wallet["available_balance"]["value"]) + Decimal(wallet["hold"]["value"])
        assert Decimal(older.get(wallet["uuid"], 0)) == total


def test_fees_and_volume_are_summed(world: World) -> None:
    order = world.seen(world.placed(*MARKET))
    summary = world.get(f"{BROKERAGE}/transaction_summary")
    assert summary["fee_tier"]["taker_fee_rate"] == "0.012"
    assert summary["total_fees"] == float(order["total_fees"])


# --- limits, statuses, faults
def test_too_many_requests_are_refused_until_time_has_passed() -> None:
    now = [0.0]
    buckets = Buckets({"private": Rate(3, 2)}, clock=lambda: now[0])
    assert [buckets.take("private", "one") for _ in range(5)] == [True, True, True, False, False]
    assert buckets.take("private", "another")
    now[0] = 1.0
    assert [buckets.take("private", "one") for _ in range(3)] == [True, True, False]
    now[0] = 60.0
    assert [buckets.take("private", "one") for _ in range(4)] == [True, True, True, False]


def test_who_is_limited(world: World) -> None:
    world.face.limits.enabled = True
    statuses = [world.ask("GET", f"{BROKERAGE}/time", token="").status for _ in range(30)]
    assert statuses[:10] == [200] * 10
    assert 429 in statuses
    statuses = [world.ask("GET", ACCOUNTS).status for _ in range(60)]
    assert statuses[:30] == [200] * 30
    assert 429 in statuses
    assert world.ask("GET", ACCOUNTS, key=world.labelled("trader-2")).status == 200
    reply = world.face.error("too_many_requests")
    assert (reply.status, reply.body["errors"][0]["id"]) == (429, "rate_limit_exceeded")


@pytest.mark.parametrize(
    ("status", "flag", "market", "resting", "cancel"),
    [
        (VenueStatus.CANCEL_ONLY, "cancel_only", "ORDER_ENTRY_DISABLED", "ORDER_ENTRY_DISABLED", ""),
        (VenueStatus.POST_ONLY, "post_only", "NOT_ALLOWED_BY_MARKET_STATE", None, ""),
        (VenueStatus.SUSPENDED, "trading_disabled", "TRADING_DISABLED", "TRADING_DISABLED", "NOT_ALLOWED_TO_CANCEL"),
    ],
)
def test_a_venue_that_does_not_take_everything(
    world: World, status: VenueStatus, flag: str, market: str, resting: str | None, cancel: str
) -> None:
    order_id = world.placed(*limit())
    world.venue.status = status
    assert world.get(f"{BROKERAGE}/market/products/BTC-USD")[flag] is True
    assert world.reason(*MARKET)[0] == market
    if resting is None:
        world.placed(*limit(post_only=True))
    else:
        assert world.reason(*limit(post_only=True))[0] == resting
    assert world.canceled(order_id) == [cancel]
    assert world.seen(order_id)["status"] == ("OPEN" if cancel else "CANCELLED")


def test_under_maintenance_nothing_is_answered(world: World) -> None:
    world.venue.status = VenueStatus.MAINTENANCE
    for reply in (world.ask("GET", f"{BROKERAGE}/time"), world.ask("GET", ACCOUNTS)):
        assert (reply.status, reply.body["error"]) == (503, "UNAVAILABLE")


def test_what_a_request_is_about(world: World) -> None:
    cases = [
        ("POST", ORDERS, "", "submit"),
        ("POST", CANCEL, "", "cancel"),
        ("POST", f"{ORDERS}/preview", "", "other"),
        ("GET", LIST, "limit=250", "get_order"),
        ("GET", LIST, "order_status=OPEN", "open_orders"),
        ("GET", f"{BROKERAGE}/orders/historical/{uuid4()}", "", "get_order"),
        ("GET", FILLS, "", "fills"),
        ("GET", ACCOUNTS, "", "balances"),
        ("GET", f"{BROKERAGE}/key_permissions", "", "permissions"),
        ("GET", f"{BROKERAGE}/market/products", "", "instruments"),
        ("GET", f"{BROKERAGE}/market/products/BTC-USD", "", "price"),
        ("GET", f"{BROKERAGE}/market/products/BTC-USD/candles", "", "candles"),
        ("GET", f"{BROKERAGE}/time", "", "time"),
        ("GET", "/nothing", "", "other"),
    ]
    for method, path, query, operation in cases:
        assert world.face.operation(Request(method, path, query, "", {}, "127.0.0.1")) == operation


def test_times_are_the_books_times(world: World) -> None:
    world.advance(seconds=90)
    order = world.seen(world.placed(*MARKET))
    created = datetime.fromisoformat(order["created_time"])
    assert created == datetime(2025, 3, 3, 12, 1, 30, tzinfo=UTC)
