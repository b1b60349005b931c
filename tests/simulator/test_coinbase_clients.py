"""Unmodified clients trade on Coinbase's faces: coinbase-advanced-py, cbpro, ccxt, and our adapters."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
import requests
from coinbase.rest import RESTClient

from exchanges.adapters.coinbase import CoinbaseAdvanced
from exchanges.base import BaseExchange, OrderRequest, OrderStatus, OrderType, Side
from exchanges.errors import (
    AuthenticationError,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderRejected,
    TransientExchangeError,
)
from exchanges.simulator.testing import Key, RunningSimulator, running_simulator

SYMBOL, PRODUCT = "BTC/USD", "BTC-USD"
VENUES = ["coinbase", "coinbase_exchange"]
NO_CBPRO = "cbpro is not installed: pip install --no-deps -r requirements-cbpro.txt"


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSimulator]:
    with running_simulator() as simulator:
        for venue in VENUES:
            for face in simulator.server.faces_of(venue):
                face.limits.enabled = False  # type: ignore[attr-defined]  # these tests do in a second what takes more
        yield simulator


@pytest.fixture
def sim(running: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> RunningSimulator:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    running.clear_faults()
    for venue in VENUES:
        running.set_status(venue, "online")
    return running


@pytest.fixture
def key(sim: RunningSimulator) -> Key:
    return sim.new_account(venue="coinbase", USD=100_000, BTC=1)


@pytest.fixture
def exchange_key(sim: RunningSimulator) -> Key:
    return sim.new_account(venue="coinbase_exchange", USD=100_000, BTC=1)


def near(sim: RunningSimulator, factor: str) -> str:
    return str(round(sim.price(SYMBOL, venue="coinbase") * Decimal(factor), 2))


# --- coinbase-advanced-py
@pytest.fixture
def advanced(sim: RunningSimulator, key: Key) -> Iterator[RESTClient]:
    client = RESTClient(key.api_key, key.api_secret, base_url=sim.urls["coinbase"].removeprefix("https://"))
    client.session.verify = sim.ca_file
    client.session.trust_env = False
    yield client
    client.session.close()


def test_the_official_client_reads(advanced: RESTClient, sim: RunningSimulator) -> None:
    now = sim.now_ms() // 1000
    assert advanced.get_unix_time()["epoch_seconds"] == str(now)
    products = {each["product_id"] for each in advanced.get_products()["products"]}
    assert products == {each["product_id"] for each in advanced.get_public_products()["products"]} >= {PRODUCT}
    for candles in (advanced.get_candles, advanced.get_public_candles):
        assert len(candles(PRODUCT, str(now - 600), str(now), "ONE_MINUTE")["candles"]) == 11
    wallets = {each["currency"]: each["available_balance"]["value"] for each in advanced.get_accounts()["accounts"]}
    assert (wallets["USD"], wallets["BTC"]) == ("100000", "1")
    assert advanced.get_api_key_permissions()["can_transfer"] is False
    book = advanced.get_product_book(PRODUCT, limit=1)["pricebook"]
    assert Decimal(book["bids"][0]["price"]) < Decimal(book["asks"][0]["price"])
    assert len(advanced.get_market_trades(PRODUCT, 3)["trades"]) == 3
    assert len(advanced.get_best_bid_ask([PRODUCT])["pricebooks"]) == 1
    assert advanced.get_transaction_summary()["fee_tier"]["taker_fee_rate"] == "0.012"


def test_the_official_client_trades(advanced: RESTClient, sim: RunningSimulator) -> None:
    for reply in (
        advanced.market_order_buy(uuid4().hex, PRODUCT, quote_size="100"),
        advanced.market_order_buy(uuid4().hex, PRODUCT, base_size="0.01"),
        advanced.market_order_sell(uuid4().hex, PRODUCT, base_size="0.01"),
    ):
        order_id = reply["success_response"]["order_id"]
        order = advanced.get_order(order_id)["order"]
        assert order["status"] == "FILLED"
        fills = advanced.get_fills(order_ids=[order_id])["fills"]
        assert len(fills) == int(order["number_of_fills"]) > 0
    resting = [
        advanced.limit_order_gtc_buy(uuid4().hex, PRODUCT, "0.01", near(sim, "0.9"), post_only=True),
        advanced.stop_limit_order_gtc_sell(
            uuid4().hex, PRODUCT, "0.01", near(sim, "0.9"), near(sim, "0.95"), "STOP_DIRECTION_STOP_DOWN"
        ),
        advanced.trigger_bracket_order_gtc_sell(uuid4().hex, PRODUCT, "0.01", near(sim, "1.1"), near(sim, "0.95")),
    ]
    order_ids = [reply["success_response"]["order_id"] for reply in resting]
    found = advanced.list_orders(order_status=["OPEN"])["orders"]
    assert {order["order_id"] for order in found} == set(order_ids)
    results = advanced.cancel_orders(order_ids)["results"]
    assert [result["success"] for result in results] == [True] * 3
    assert {advanced.get_order(order_id)["order"]["status"] for order_id in order_ids} == {"CANCELLED"}
    assert advanced.preview_market_order_buy(PRODUCT, quote_size="10")["errs"] == []


def test_the_official_client_meets_refusals(advanced: RESTClient, sim: RunningSimulator) -> None:
    reply = advanced.limit_order_gtc_buy(uuid4().hex, PRODUCT, "100", near(sim, "0.9"))
    assert reply["success"] is False
    assert reply["error_response"]["error"] == "INSUFFICIENT_FUND"
    with pytest.raises(requests.HTTPError, match="404"):
        advanced.get_order(str(uuid4()))
    advanced.api_secret = sim.keys_of("coinbase")["trader-2"].api_secret
    with pytest.raises(requests.HTTPError, match="401"):
        advanced.get_accounts()


# --- cbpro
@pytest.fixture
def pro(sim: RunningSimulator, exchange_key: Key) -> Any:
    cbpro = pytest.importorskip("cbpro", reason=NO_CBPRO, exc_type=ImportError)
    key = exchange_key
    client = cbpro.AuthenticatedClient(
        key.api_key, key.api_secret, key.passphrase, api_url=sim.urls["coinbase_exchange"]
    )
    client.session.trust_env = False
    yield client
    client.session.close()


def test_cbpro_reads(pro: Any, sim: RunningSimulator) -> None:
    assert pro.get_time()["epoch"] == sim.now_ms() / 1000
    assert PRODUCT in {each["id"] for each in pro.get_products()}
    assert len(pro.get_product_historic_rates(PRODUCT, granularity=60)) == 300
    balances = {each["currency"]: Decimal(each["balance"]) for each in pro.get_accounts()}
    assert (balances["USD"], balances["BTC"]) == (100_000, 1)
    ticker = pro.get_product_ticker(PRODUCT)
    assert Decimal(ticker["bid"]) < Decimal(ticker["price"]) < Decimal(ticker["ask"])
    assert {each["id"] for each in pro.get_currencies()} >= {"BTC", "USD"}


def test_cbpro_trades(pro: Any, sim: RunningSimulator) -> None:
    for terms in ({"size": "0.01"}, {"funds": "100"}):
        order = pro.get_order(pro.place_market_order(PRODUCT, "buy", **terms)["id"])
        assert (order["status"], order["done_reason"]) == ("done", "filled")
        fills = list(pro.get_fills(order_id=order["id"]))
        assert sum(Decimal(fill["fee"]) for fill in fills) == Decimal(order["fill_fees"]) > 0
    stop = {"stop": "loss", "stop_price": near(sim, "0.95")}
    for place in (
        lambda: pro.place_limit_order(
            PRODUCT, "buy", near(sim, "0.9"), "0.01", client_oid=str(uuid4()), post_only=True
        ),
        lambda: pro.place_order(PRODUCT, "sell", "limit", price=near(sim, "0.9"), size="0.01", **stop),
        lambda: pro.place_stop_order(PRODUCT, "sell", near(sim, "0.9"), "0.01"),
    ):
        placed = place()
        assert pro.get_order(placed["id"])["status"] in ("open", "active")
        assert [each["id"] for each in pro.get_orders()] == [placed["id"]]
        assert pro.cancel_order(placed["id"]) == placed["id"]
        assert pro.get_order(placed["id"]) == {"message": "NotFound"}
    pro.place_limit_order(PRODUCT, "buy", near(sim, "0.9"), "0.01")
    assert len(pro.cancel_all(PRODUCT)) == 1
    assert pro.place_limit_order(PRODUCT, "buy", near(sim, "0.9"), "100") == {"message": "Insufficient funds"}


# --- ccxt
@pytest.fixture(params=VENUES)
def ccxt_client(request: pytest.FixtureRequest, sim: RunningSimulator, key: Key, exchange_key: Key) -> Any:
    ccxt = pytest.importorskip("ccxt")
    url = sim.urls[request.param]
    if request.param == "coinbase":
        client = ccxt.coinbase({"apiKey": key.api_key, "secret": key.api_secret, "enableRateLimit": False})
        client.urls["api"] = {"rest": url}
        client.validateServerSsl = sim.ca_file
    else:
        keys = {"apiKey": exchange_key.api_key, "secret": exchange_key.api_secret, "password": exchange_key.passphrase}
        client = ccxt.coinbaseexchange({**keys, "enableRateLimit": False})
        client.urls["api"] = dict.fromkeys(client.urls["api"], url)
    client.session.trust_env = False
    yield client
    client.session.close()


def test_ccxt_reads(ccxt_client: Any, sim: RunningSimulator) -> None:
    markets = ccxt_client.load_markets()
    assert (markets[SYMBOL]["precision"]["price"], markets[SYMBOL]["spot"]) == (0.01, True)
    assert ccxt_client.fetch_balance()["total"]["USD"] == 100_000
    rows = ccxt_client.fetch_ohlcv(SYMBOL, "1m", since=sim.now_ms() - 600_000, limit=5)
    assert [row[0] for row in rows] == [sim.now_ms() - 600_000 + 60_000 * n for n in range(5)]
    ticker = ccxt_client.fetch_ticker(SYMBOL)
    assert ticker["bid"] < ticker["last"] < ticker["ask"]
    assert ccxt_client.fetch_order_book(SYMBOL)["asks"][0][0] == ticker["ask"]
    assert ccxt_client.fetch_time() // 1000 == sim.now_ms() // 1000


def test_ccxt_trades(ccxt_client: Any, sim: RunningSimulator) -> None:
    ccxt_client.load_markets()
    for side in ("buy", "sell"):
        # A price, because ccxt makes an amount of quote asset of Coinbase's market purchases.
        created = ccxt_client.create_order(SYMBOL, "market", side, 0.01, float(near(sim, "1")))
        order = ccxt_client.fetch_order(created["id"], SYMBOL)
        assert (order["status"], order["side"]) == ("closed", side)
        assert order["filled"] == pytest.approx(0.01, rel=0.02)
        trades = [each for each in ccxt_client.fetch_my_trades(SYMBOL) if each["order"] == created["id"]]
        assert sum(trade["fee"]["cost"] for trade in trades) == pytest.approx(float(order["fee"]["cost"]))
    is_advanced = ccxt_client.id == "coinbase"
    stop = {"stopLossPrice": near(sim, "0.95")} if is_advanced else {"stop": "loss", "stopPrice": near(sim, "0.95")}
    for side, price, more in (("buy", "0.9", {}), ("sell", "0.9", stop)):
        created = ccxt_client.create_order(SYMBOL, "limit", side, 0.01, float(near(sim, price)), more)
        assert [each["id"] for each in ccxt_client.fetch_open_orders(SYMBOL)] == [created["id"]]
        order = ccxt_client.fetch_order(created["id"], SYMBOL)
        assert order["status"] == "open"
        assert (order["triggerPrice"] is None) is not bool(more)
        ccxt_client.cancel_order(created["id"], SYMBOL)
        assert ccxt_client.fetch_open_orders(SYMBOL) == []


def test_ccxt_meets_the_errors_that_it_knows(ccxt_client: Any, sim: RunningSimulator) -> None:
    ccxt = pytest.importorskip("ccxt")
    with pytest.raises(ccxt.InsufficientFunds):
        ccxt_client.create_order(SYMBOL, "limit", "buy", 100, float(near(sim, "0.9")))
    ccxt_client.apiKey = "nobody"
    with pytest.raises(ccxt.AuthenticationError):
        ccxt_client.fetch_balance()


# --- our adapters
@pytest.fixture(params=VENUES)
def adapter(
    request: pytest.FixtureRequest, sim: RunningSimulator, key: Key, exchange_key: Key
) -> Iterator[BaseExchange]:
    with connected(request.param, sim, key if request.param == "coinbase" else exchange_key) as exchange:
        yield exchange


def connected(venue: str, sim: RunningSimulator, key: Key) -> BaseExchange:
    made: type[BaseExchange] = CoinbaseAdvanced
    if venue == "coinbase_exchange":
        pytest.importorskip("cbpro", reason=NO_CBPRO, exc_type=ImportError)
        from exchanges.adapters.coinbase_exchange import CoinbaseExchange

        made = CoinbaseExchange
    exchange = made(key.api_key, key.api_secret, False, passphrase=key.passphrase, base_url=sim.urls[venue])
    exchange.ca_file = sim.ca_file
    exchange.budget = None  # nobody waits here
    return exchange


def venue_of(adapter: BaseExchange) -> str:
    return adapter.name.lower()


def request(
    side: Side = Side.BUY, order_type: OrderType = OrderType.MARKET, quantity: str = "0.01", **more: Any
) -> OrderRequest:
    return OrderRequest(uuid4().hex, SYMBOL, side, order_type, Decimal(quantity), **more)


def resting(adapter: BaseExchange, factor: str = "0.9", **more: Any) -> OrderRequest:
    price = adapter.get_current_price(SYMBOL) * Decimal(factor)
    return request(
        order_type=OrderType.LIMIT,
        limit_price=adapter.instrument(SYMBOL).round_price(price, Side.BUY),
        **more,
    )


def books(sim: RunningSimulator, adapter: BaseExchange) -> Any:
    return sim.account(venue_of(adapter), api_key=adapter.api_key)


def holdings(sim: RunningSimulator, adapter: BaseExchange) -> dict[str, tuple[Decimal, Decimal]]:
    balances = books(sim, adapter)["balances"]
    return {asset: (Decimal(held["free"]), Decimal(held["locked"])) for asset, held in balances.items()}


def test_what_is_read_back_is_what_the_books_say(adapter: BaseExchange, sim: RunningSimulator) -> None:
    asked = request(quantity="0.91234567")
    order = adapter.submit_order(asked)
    assert adapter.get_order(SYMBOL, asked.client_order_id) == order
    adapter.submit_order(resting(adapter, quantity="0.5"))
    fills = adapter.get_fills(SYMBOL, exchange_order_id=order.exchange_order_id)
    assert len(fills) > 1
    written = books(sim, adapter)["fills"]
    assert {(fill.price, fill.quantity, fill.fee) for fill in fills} == {
        (Decimal(fill["price"]), Decimal(fill["quantity"]), Decimal(fill["fee"])) for fill in written
    }
    assert len(fills) == len(written)
    told = {balance.asset: (balance.free, balance.used) for balance in adapter.get_balances().values()}
    assert told == holdings(sim, adapter)
    usd = adapter.get_balances()["USD"]
    spent = sum((fill.price * fill.quantity + fill.fee for fill in fills), Decimal(0))
    assert usd.total == 100_000 - spent
    ids = {each["client_order_id"] for each in books(sim, adapter)["orders"]}
    assert asked.client_order_id in ids


def test_long_series_are_joined_without_gaps(adapter: BaseExchange, sim: RunningSimulator) -> None:
    candles = adapter.get_candles(SYMBOL, "1m", limit=1000)
    assert len(candles) == 1000
    assert {(after.open_time - before.open_time).seconds for before, after in pairwise(candles)} == {60}
    assert (sim.now() - candles[-1].open_time).seconds == 60
    since = candles[3].open_time
    assert adapter.get_candles(SYMBOL, "1m", since=since, limit=500) == candles[3:503]
    four = adapter.get_candles(SYMBOL, "4h", limit=3)
    hours = adapter.get_candles(SYMBOL, "1h", since=four[0].open_time, limit=4)
    assert (four[0].high, four[0].volume) == (max(c.high for c in hours), sum(c.volume for c in hours))


def test_a_stop_loss_sells_when_its_price_comes(adapter: BaseExchange, sim: RunningSimulator) -> None:
    price = adapter.get_current_price(SYMBOL)
    stop = adapter.instrument(SYMBOL).round_stop_price(price * Decimal("0.97"), Side.SELL)
    placed = adapter.create_stop_loss_order(SYMBOL, Side.SELL, Decimal("0.01"), stop, client_order_id=uuid4().hex)
    assert (placed.status, placed.order_type, placed.stop_price) == (OrderStatus.OPEN, OrderType.STOP_LOSS_LIMIT, stop)
    assert placed.limit_price is not None
    assert stop * Decimal("0.9499") < placed.limit_price < stop * Decimal("0.9501")
    sim.advance(minutes=1)
    sim.set_price(SYMBOL, price * Decimal("0.96"), venue="coinbase")
    sim.advance(minutes=2)
    order = adapter.get_order(SYMBOL, placed.client_order_id)
    assert order.status is OrderStatus.FILLED
    assert adapter.get_open_orders() == []


@pytest.mark.parametrize(("to", "is_stop"), [("1.06", False), ("0.94", True)])
def test_a_bracket_sells_at_one_of_its_ends(sim: RunningSimulator, key: Key, to: str, is_stop: bool) -> None:
    with connected("coinbase", sim, key) as adapter:
        price, rules = adapter.get_current_price(SYMBOL), adapter.instrument(SYMBOL)
        ids = (uuid4().hex, uuid4().hex)
        (placed,) = adapter.create_oco_order(
            SYMBOL,
            Side.SELL,
            Decimal("0.01"),
            take_profit_price=rules.round_price(price * Decimal("1.05"), Side.SELL),
            stop_price=rules.round_stop_price(price * Decimal("0.95"), Side.SELL),
            client_order_ids=ids,
        )
        assert (placed.client_order_id, placed.status) == (ids[0], OrderStatus.OPEN)
        assert [each.client_order_id for each in adapter.get_open_orders(SYMBOL)] == [ids[0]]
        sim.advance(minutes=1)
        sim.set_price(SYMBOL, price * Decimal(to), venue="coinbase")
        sim.advance(minutes=2)
        order = adapter.get_order(SYMBOL, ids[0])
        assert (order.status, order.filled_quantity) == (OrderStatus.FILLED, Decimal("0.01"))
        assert order.average_price is not None
        assert (order.average_price < price) is is_stop
        fills = adapter.get_fills(SYMBOL, exchange_order_id=order.exchange_order_id)
        assert sum(fill.quantity for fill in fills) == Decimal("0.01")
        assert holdings(sim, adapter)["BTC"] == (Decimal("0.99"), 0)


def test_a_canceled_order_stays_known_to_who_canceled_it(adapter: BaseExchange, sim: RunningSimulator) -> None:
    asked = resting(adapter)
    adapter.submit_order(asked)
    assert adapter.cancel_order(SYMBOL, asked.client_order_id).status is OrderStatus.CANCELED
    assert adapter.get_order(SYMBOL, asked.client_order_id).status is OrderStatus.CANCELED
    with pytest.raises(OrderNotFound):
        adapter.cancel_order(SYMBOL, asked.client_order_id)
    key = Key(adapter.api_key, adapter.api_secret, 0, "", adapter.passphrase)
    with connected(venue_of(adapter), sim, key) as another:
        if another.forgets_unfilled_orders:
            with pytest.raises(OrderNotFound):
                another.get_order(SYMBOL, asked.client_order_id)
        else:
            assert another.get_order(SYMBOL, asked.client_order_id).status is OrderStatus.CANCELED


@pytest.mark.parametrize(
    ("kind", "options", "is_placed"),
    [
        ("reply_lost", {}, True),
        ("malformed", {}, True),
        ("server_error", {"acted": True}, True),
        ("too_many_requests", {"acted": True}, True),
        ("server_error", {}, False),
        ("too_many_requests", {}, False),
        ("connection_reset", {}, False),
        ("banned", {}, False),
    ],
)
def test_an_order_whose_reply_is_missing_is_found_by_its_id(
    adapter: BaseExchange, sim: RunningSimulator, kind: str, options: dict[str, Any], is_placed: bool
) -> None:
    asked = request()
    adapter.instrument(SYMBOL)
    sim.fault(kind, venue_of(adapter), "submit", **options)
    with pytest.raises(OrderOutcomeUnknown):
        adapter.submit_order(asked)
    if is_placed:
        assert adapter.get_order(SYMBOL, asked.client_order_id).status is OrderStatus.FILLED
    else:
        with pytest.raises(OrderNotFound):
            adapter.get_order(SYMBOL, asked.client_order_id)
    assert len(books(sim, adapter)["orders"]) == is_placed


def test_an_order_that_is_delivered_twice_is_placed_once(adapter: BaseExchange, sim: RunningSimulator) -> None:
    asked = request()
    sim.fault("duplicate_delivery", venue_of(adapter), "submit")
    if adapter.name == "COINBASE":  # which tells of the first
        assert adapter.submit_order(asked).status is OrderStatus.FILLED
    else:  # which refuses the second
        with pytest.raises(OrderOutcomeUnknown):
            adapter.submit_order(asked)
        assert adapter.get_order(SYMBOL, asked.client_order_id).status is OrderStatus.FILLED
    assert len(books(sim, adapter)["orders"]) == 1


def test_half_an_order_and_then_silence(adapter: BaseExchange, sim: RunningSimulator) -> None:
    asked = resting(adapter, "1.01", quantity="0.02")
    sim.fault("partial_fill_then_silence", venue_of(adapter), silence=30)
    with pytest.raises(OrderOutcomeUnknown):
        adapter.submit_order(asked)
    with pytest.raises(TransientExchangeError):
        adapter.get_order(SYMBOL, asked.client_order_id)
    sim.clear_faults()
    order = adapter.get_order(SYMBOL, asked.client_order_id)
    assert (order.status, order.filled_quantity) == (OrderStatus.PARTIALLY_FILLED, Decimal("0.01"))
    assert adapter.cancel_order(SYMBOL, asked.client_order_id).filled_quantity == Decimal("0.01")
    assert adapter.get_order(SYMBOL, asked.client_order_id).status is OrderStatus.CANCELED


@pytest.mark.parametrize("kind", ["reply_lost", "server_error", "too_many_requests", "malformed", "banned"])
def test_reads_go_on_after_one_that_failed(adapter: BaseExchange, sim: RunningSimulator, kind: str) -> None:
    sim.fault(kind, venue_of(adapter), "balances")
    assert adapter.get_balances()["USD"].free == 100_000
    sim.fault(kind, venue_of(adapter), "balances", count=50)
    with pytest.raises(TransientExchangeError):
        adapter.get_balances()


def test_a_market_that_is_suspended_says_so(adapter: BaseExchange, sim: RunningSimulator) -> None:
    asked = resting(adapter)
    adapter.submit_order(asked)
    for kind in ("market_suspended", "cancel_only"):
        sim.fault(kind, venue_of(adapter))
        with pytest.raises(OrderRejected):
            adapter.submit_order(request())
        if kind == "market_suspended":
            with pytest.raises(OrderRejected):
                adapter.cancel_order(SYMBOL, asked.client_order_id)
        sim.clear_faults()
    assert adapter.cancel_order(SYMBOL, asked.client_order_id).status is OrderStatus.CANCELED


@pytest.mark.parametrize("status", ["cancel_only", "post_only", "suspended"])
def test_what_a_market_takes_is_read_from_the_list(adapter: BaseExchange, sim: RunningSimulator, status: str) -> None:
    sim.set_status(venue_of(adapter), status)
    rules = next(each for each in adapter.get_instruments() if each.symbol == SYMBOL)
    assert rules.is_trading is (status == "post_only")
    if status == "post_only":
        assert rules.order_types == (OrderType.LIMIT,)


def test_keys_that_are_wrong_or_may_too_much(adapter: BaseExchange, sim: RunningSimulator) -> None:
    venue = venue_of(adapter)
    keys = sim.keys_of(venue)
    for label, can_trade, can_withdraw in (("read-only", False, False), ("withdrawals", True, True)):
        with connected(venue, sim, keys[label]) as exchange:
            told = exchange.get_key_permissions()
            if venue == "coinbase":
                assert (told.can_trade, told.can_withdraw) == (can_trade, can_withdraw)
            else:
                assert (told.can_trade, told.can_withdraw) == (None, None)
    with connected(venue, sim, keys["read-only"]) as exchange, pytest.raises(AuthenticationError):
        exchange.submit_order(request())
    wrong = Key(keys["trader-1"].api_key, keys["trader-2"].api_secret, 0, "", keys["trader-1"].passphrase)
    with connected(venue, sim, wrong) as exchange, pytest.raises(AuthenticationError):
        exchange.get_balances()


def test_a_certificate_that_nobody_vouches_for_is_refused(sim: RunningSimulator, key: Key) -> None:
    with connected("coinbase", sim, key) as exchange:
        exchange.ca_file = ""
        with pytest.raises(TransientExchangeError):
            exchange.get_balances()
        with pytest.raises(TransientExchangeError):  # so it says of reads; and nothing of an order was ever sent
            exchange.get_current_price(SYMBOL)
    assert sim.account("coinbase", api_key=key.api_key)["orders"] == []


def test_closing_leaves_no_connection_even_after_an_error(sim: RunningSimulator, key: Key) -> None:
    with connected("coinbase", sim, key) as exchange:
        sim.fault("connection_reset", "coinbase", "submit")
        with pytest.raises(OrderOutcomeUnknown):
            exchange.submit_order(request())
        exchange.get_balances()
        pools = exchange._client.session.adapters["https://"].poolmanager.pools  # type: ignore[attr-defined]
        held = [connection for key in pools.keys() for connection in pools[key].pool.queue if connection]  # noqa: SIM118
        assert any(connection.sock for connection in held)
    assert not any(connection.sock for connection in held)
