"""The Binance adapters on the simulator's faces: every account type, what it declares, and the venue's own books."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from exchanges import base
from exchanges.adapters.binance import BinanceExchange, BinanceFutures, BinanceMargin
from exchanges.base import MarginMode, MarketType, Order, OrderRequest, OrderStatus, OrderType, PositionSide, Side
from exchanges.errors import (
    AuthenticationError,
    InsufficientFunds,
    InvalidOrder,
    InvalidRequest,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderRejected,
)
from exchanges.simulator.testing import RunningSimulator, running_simulator

D = Decimal
SYMBOL = "BTC/USDT"


@dataclass
class Account:
    exchange: Any
    sim: RunningSimulator
    venue: str  # of the simulator
    symbol: str | None = None  # of an isolated account

    @property
    def ledger(self) -> dict[str, Any]:
        return self.sim.account(self.venue, symbol=self.symbol)

    def set_price(self, price: int | Decimal) -> None:
        self.sim.set_price(SYMBOL, price, venue=self.venue if self.venue == "binance_futures" else None)

    def later(self, **span: float) -> None:
        self.sim.advance(**span)
        self.exchange.measure_clock()

    def trade(self, side: Side, quantity: str, kind: OrderType = OrderType.MARKET, **more: Any) -> Order:
        return self.exchange.submit_order(OrderRequest(uuid.uuid4().hex, SYMBOL, side, kind, D(quantity), **more))

    def look_up(self, order: Order) -> Order:
        return self.exchange.get_order(SYMBOL, order.client_order_id)

    def fills(self, order: Order) -> list[base.Fill]:
        return self.exchange.get_fills(SYMBOL, exchange_order_id=order.exchange_order_id)


ACCOUNTS: dict[str, tuple[type, MarketType, MarginMode, str, str | None]] = {
    "spot": (BinanceExchange, MarketType.SPOT, MarginMode.CROSS, "binance", None),
    "cross": (BinanceMargin, MarketType.MARGIN, MarginMode.CROSS, "binance_margin", None),
    "isolated": (BinanceMargin, MarketType.MARGIN, MarginMode.ISOLATED, "binance_isolated", SYMBOL),
    "futures": (BinanceFutures, MarketType.FUTURES, MarginMode.CROSS, "binance_futures", None),
}


@pytest.fixture
def sim() -> Iterator[RunningSimulator]:
    base._instrument_lists.clear()
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture
def open_account(sim: RunningSimulator) -> Iterator[Callable[..., Account]]:
    opened: list[Account] = []

    def make(name: str, label: str = "trader-1", **options: Any) -> Account:
        adapter, market_type, mode, venue, symbol = ACCOUNTS[name]
        key = sim.keys[label]
        wanted = {"market_type": market_type, "margin_mode": mode, "leverage": 5, "base_url": sim.url} | options
        account = Account(adapter(key.api_key, key.api_secret, False, **wanted), sim, venue, symbol)
        opened.append(account)
        return account

    yield make
    for account in opened:
        account.exchange.close()


@pytest.fixture(params=ACCOUNTS)
def account(request: pytest.FixtureRequest, open_account: Callable[..., Account]) -> Account:
    made = open_account(request.param)
    made.set_price(50_000)
    return made


@pytest.fixture
def futures(open_account: Callable[..., Account]) -> Account:
    made = open_account("futures")
    made.set_price(50_000)
    made.exchange.apply_leverage(SYMBOL)
    return made


def net(ledger: dict[str, Any], asset: str) -> Decimal:
    holding = ledger["balances"].get(asset, {})
    return sum((D(holding.get(name, "0")) for name in ("free", "locked")), D(0))


def test_what_is_public(account: Account) -> None:
    exchange = account.exchange
    assert exchange.get_server_time() == account.sim.now()
    assert exchange.get_current_price(SYMBOL) == 50_000
    quote = exchange.get_quote(SYMBOL)
    assert quote.bid < 50_000 < quote.ask
    candles = exchange.get_candles(SYMBOL, "1m", limit=1200)
    assert len(candles) == 1200
    assert candles[-1].open_time == account.sim.now() - timedelta(minutes=1)
    instrument = exchange.instrument(SYMBOL)
    assert (instrument.base, instrument.quote, instrument.market_type) == ("BTC", "USDT", exchange.market_type)
    assert set(instrument.order_types) == set(OrderType)
    assert exchange.test_connectivity()


def test_there_and_back_the_books_agree_to_the_last_digit(account: Account) -> None:
    exchange = account.exchange
    bought = account.trade(Side.BUY, "1.5")
    assert (bought.status, bought.filled_quantity) == (OrderStatus.FILLED, D("1.5"))
    fees = sum((fill.fee for fill in account.fills(bought) if fill.fee_asset == "BTC"), D(0))
    left = (D("1.5") - fees) // D("0.001") * D("0.001")
    sold = account.trade(Side.SELL, f"{left}", reduce_only=True)
    assert sold.status is OrderStatus.FILLED
    ledger = account.ledger
    for order in (bought, sold):
        fills = account.fills(order)
        theirs = [fill for fill in ledger["fills"] if fill["order_id"] == int(order.exchange_order_id)]
        assert [(f.price, f.quantity, f.fee, f.fee_asset) for f in fills] == [
            (D(f["price"]), D(f["quantity"]), D(f["fee"]), f["fee_asset"]) for f in theirs
        ]
        assert sum((fill.quantity for fill in fills), D(0)) == account.look_up(order).filled_quantity
    for asset, balance in exchange.get_tradable_balances(SYMBOL).items():
        assert balance.total == net(ledger, asset)


def test_limit_orders_rest_and_are_cancelled(account: Account) -> None:
    order = account.trade(Side.BUY, "0.1", OrderType.LIMIT, limit_price=D(48_000))
    assert order.status is OrderStatus.OPEN
    assert [each.client_order_id for each in account.exchange.get_open_orders(SYMBOL)] == [order.client_order_id]
    assert [each.client_order_id for each in account.exchange.get_open_orders()] == [order.client_order_id]
    assert account.exchange.cancel_order(SYMBOL, order.client_order_id).status is OrderStatus.CANCELED
    assert account.look_up(order).status is OrderStatus.CANCELED
    with pytest.raises(OrderNotFound):
        account.exchange.cancel_order(SYMBOL, order.client_order_id)
    with pytest.raises(OrderNotFound):
        account.exchange.get_order(SYMBOL, "f" * 32)


def test_a_post_only_order_never_takes(account: Account) -> None:
    order = account.trade(Side.BUY, "0.1", OrderType.LIMIT, limit_price=D(48_000), post_only=True)
    account.set_price(47_900)
    assert account.look_up(order).status is OrderStatus.FILLED
    with pytest.raises(OrderRejected):
        account.trade(Side.BUY, "0.1", OrderType.LIMIT, limit_price=D(49_000), post_only=True)


EXITS: dict[str, tuple[Callable[[Any, str], Order], OrderType, list[int]]] = {
    "stop loss": (
        lambda exchange, id: exchange.create_stop_loss_order(
            SYMBOL, Side.SELL, D("0.5"), D(48_000), client_order_id=id
        ),
        OrderType.STOP_LOSS,
        [49_000, 47_900],
    ),
    "stop loss with a limit": (
        lambda exchange, id: exchange.create_stop_loss_order(
            SYMBOL, Side.SELL, D("0.5"), D(48_000), client_order_id=id, limit_price=D(47_000)
        ),
        OrderType.STOP_LOSS_LIMIT,
        [49_000, 47_900],
    ),
    "take profit": (
        lambda exchange, id: exchange.create_take_profit_order(
            SYMBOL, Side.SELL, D("0.5"), D(52_000), client_order_id=id
        ),
        OrderType.TAKE_PROFIT,
        [51_000, 52_100],
    ),
    "take profit with a limit": (
        lambda exchange, id: exchange.create_take_profit_order(
            SYMBOL, Side.SELL, D("0.5"), D(52_000), client_order_id=id, limit_price=D(51_500)
        ),
        OrderType.TAKE_PROFIT_LIMIT,
        [51_000, 52_100],
    ),
    "trailing stop": (
        lambda exchange, id: exchange.create_trailing_stop_order(SYMBOL, Side.SELL, D("0.5"), D(2), client_order_id=id),
        OrderType.TRAILING_STOP,
        [55_000, 53_800],
    ),
}


@pytest.mark.parametrize("name", EXITS)
def test_an_exit_that_waits_is_ours_all_its_life(account: Account, name: str) -> None:
    create, order_type, prices = EXITS[name]
    account.trade(Side.BUY, "0.6")
    ours = uuid.uuid4().hex
    placed = create(account.exchange, ours)
    assert (placed.order_type, placed.status, placed.client_order_id) == (order_type, OrderStatus.OPEN, ours)
    assert account.fills(placed) == []
    for price in prices:
        (waiting,) = account.exchange.get_open_orders(SYMBOL)
        assert (waiting.client_order_id, waiting.order_type, waiting.filled_quantity) == (ours, order_type, 0)
        assert account.look_up(placed) == waiting
        account.set_price(price)
    done = account.look_up(placed)
    assert (done.status, done.filled_quantity, done.client_order_id) == (OrderStatus.FILLED, D("0.5"), ours)
    assert done.exchange_order_id == placed.exchange_order_id
    assert done.order_type is order_type
    fills = account.fills(done)
    assert {fill.exchange_order_id for fill in fills} == {done.exchange_order_id}
    assert sum(fill.price * fill.quantity for fill in fills) / D("0.5") == done.average_price
    assert account.exchange.get_open_orders(SYMBOL) == []
    with pytest.raises(OrderNotFound):
        account.exchange.cancel_order(SYMBOL, ours)


@pytest.mark.parametrize("name", EXITS)
def test_an_exit_that_waits_is_cancelled(account: Account, name: str) -> None:
    account.trade(Side.BUY, "0.6")
    ours = uuid.uuid4().hex
    placed = EXITS[name][0](account.exchange, ours)
    assert account.exchange.cancel_order(SYMBOL, ours).status is OrderStatus.CANCELED
    assert account.look_up(placed).status is OrderStatus.CANCELED
    assert account.exchange.get_open_orders(SYMBOL) == []
    assert account.fills(placed) == []


def test_a_limit_that_a_stop_became_is_still_ours(account: Account) -> None:
    account.trade(Side.BUY, "0.6")
    ours = uuid.uuid4().hex
    account.exchange.create_stop_loss_order(
        SYMBOL, Side.SELL, D("0.5"), D(49_000), client_order_id=ours, limit_price=D(48_900)
    )
    account.set_price(48_000)  # through both: it rests now
    (resting,) = account.exchange.get_open_orders(SYMBOL)
    assert resting.client_order_id == ours
    canceled = account.exchange.cancel_order(SYMBOL, ours)
    assert (canceled.status, canceled.client_order_id) == (OrderStatus.CANCELED, ours)
    assert account.exchange.get_order(SYMBOL, ours).status is OrderStatus.CANCELED


def test_a_stop_that_would_trigger_at_once_is_refused(account: Account) -> None:
    account.trade(Side.BUY, "0.6")
    with pytest.raises(InvalidOrder):
        account.trade(Side.SELL, "0.5", OrderType.STOP_LOSS, stop_price=D(51_000), reduce_only=True)


@pytest.mark.parametrize("account", ["spot", "cross", "isolated"], indirect=True)
@pytest.mark.parametrize(("price", "winner"), [(52_100, 0), (47_900, 1)])
def test_of_a_pair_one_cancels_the_other(account: Account, price: int, winner: int) -> None:
    account.trade(Side.BUY, "0.6")
    ids = (uuid.uuid4().hex, uuid.uuid4().hex)
    prices = {"take_profit_price": D(52_000), "stop_price": D(48_000)}
    orders = account.exchange.create_oco_order(SYMBOL, Side.SELL, D("0.5"), **prices, client_order_ids=ids)
    assert [order.client_order_id for order in orders] == list(ids)
    assert {order.client_order_id for order in account.exchange.get_open_orders(SYMBOL)} == set(ids)
    account.set_price(price)
    statuses = [account.look_up(order).status for order in orders]
    assert statuses[winner] is OrderStatus.FILLED
    assert statuses[1 - winner] in (OrderStatus.CANCELED, OrderStatus.EXPIRED)


@pytest.mark.parametrize("account", ["spot", "cross", "isolated"], indirect=True)
def test_one_of_a_pair_cancelled_takes_both(account: Account) -> None:
    account.trade(Side.BUY, "0.6")
    ids = (uuid.uuid4().hex, uuid.uuid4().hex)
    prices = {"take_profit_price": D(52_000), "stop_price": D(48_000)}
    account.exchange.create_oco_order(SYMBOL, Side.SELL, D("0.5"), **prices, client_order_ids=ids)
    assert account.exchange.cancel_order(SYMBOL, ids[1]).client_order_id == ids[1]
    assert account.exchange.get_open_orders(SYMBOL) == []


def test_what_the_account_cannot_pay_is_refused(account: Account) -> None:
    with pytest.raises(InsufficientFunds):
        account.trade(Side.BUY, "60")
    assert account.ledger["orders"] == []


def test_an_id_that_is_taken_is_in_doubt(account: Account) -> None:
    """Perhaps the one that took it is ours, sent before: only asking tells."""
    order = account.trade(Side.BUY, "0.1", OrderType.LIMIT, limit_price=D(48_000))
    with pytest.raises(OrderOutcomeUnknown):
        account.exchange.submit_order(
            OrderRequest(order.client_order_id, SYMBOL, Side.BUY, OrderType.LIMIT, D("0.1"), D(48_000))
        )
    assert account.look_up(order).status is OrderStatus.OPEN


FACES = {"binance": "binance", "binance_isolated": "binance_margin"}


@pytest.mark.parametrize("kind", ["reply_lost", "server_error", "malformed"])
def test_an_order_whose_reply_is_lost_is_found(account: Account, kind: str) -> None:
    account.exchange.measure_clock()
    account.exchange.instrument(SYMBOL)
    account.sim.fault(kind, FACES.get(account.venue, account.venue), "submit", acted=True)
    ours = uuid.uuid4().hex
    with pytest.raises(OrderOutcomeUnknown):
        account.exchange.submit_order(OrderRequest(ours, SYMBOL, Side.BUY, OrderType.MARKET, D("0.1")))
    assert account.exchange.get_order(SYMBOL, ours).status is OrderStatus.FILLED
    assert len(account.ledger["orders"]) == 1


def test_a_stop_whose_reply_is_lost_is_found(futures: Account) -> None:
    futures.trade(Side.BUY, "0.1")
    futures.sim.fault("reply_lost", "binance_futures", "submit")
    ours = uuid.uuid4().hex
    with pytest.raises(OrderOutcomeUnknown):
        futures.exchange.create_stop_loss_order(SYMBOL, Side.SELL, D("0.1"), D(48_000), client_order_id=ours)
    assert futures.exchange.get_order(SYMBOL, ours).order_type is OrderType.STOP_LOSS


def test_a_clock_that_jumps_is_measured_again(account: Account) -> None:
    account.trade(Side.BUY, "0.1")
    account.sim.advance(minutes=10)
    assert account.trade(Side.BUY, "0.1").status is OrderStatus.FILLED


@pytest.mark.parametrize("name", ACCOUNTS)
@pytest.mark.parametrize(
    ("label", "may"), [("trader-1", (True, False)), ("read-only", (False, False)), ("withdrawals", (True, True))]
)
def test_what_a_key_may_do(open_account: Callable[..., Account], name: str, label: str, may: tuple[bool, bool]) -> None:
    permissions = open_account(name, label).exchange.get_key_permissions()
    assert (permissions.can_trade, permissions.can_withdraw) == may


@pytest.mark.parametrize("name", ACCOUNTS)
def test_a_key_that_may_not_trade_is_told_so(open_account: Callable[..., Account], name: str) -> None:
    account = open_account(name, "read-only")
    assert account.exchange.test_connectivity()
    with pytest.raises(AuthenticationError, match="permissions"):
        account.trade(Side.BUY, "0.1")


# --- what is lent
@pytest.mark.parametrize("account", ["cross", "isolated"], indirect=True)
def test_a_long_borrows_and_its_exit_pays_back(account: Account) -> None:
    account.trade(Side.BUY, "3")
    usdt = account.exchange.get_tradable_balances(SYMBOL)["USDT"]
    assert (usdt.free, usdt.borrowed > 0) == (0, True)
    account.later(minutes=120)
    balances = account.exchange.get_tradable_balances(SYMBOL)
    assert balances["USDT"].borrowed > usdt.borrowed
    since = account.sim.now() - timedelta(days=1)
    payments = account.exchange.get_funding_payments(SYMBOL, since=since)
    assert sum(payment.amount for payment in payments) == usdt.borrowed - balances["USDT"].borrowed
    assert {payment.asset for payment in payments} == {"USDT"}
    account.trade(Side.SELL, "2.9", reduce_only=True)
    assert account.exchange.get_balances()["USDT"].borrowed == 0
    assert account.exchange.get_positions(SYMBOL) == []


@pytest.mark.parametrize("account", ["cross", "isolated"], indirect=True)
def test_a_short_borrows_what_it_sells(account: Account) -> None:
    had = account.exchange.get_balances().get("BTC", base.Balance("BTC", D(0))).total
    account.trade(Side.SELL, str(had + 1))
    assert account.exchange.get_balances()["BTC"].borrowed == 1
    account.trade(Side.BUY, "1.002", reduce_only=True)
    assert account.exchange.get_balances()["BTC"].borrowed == 0


def test_isolated_accounts_stand_apart(open_account: Callable[..., Account]) -> None:
    isolated = open_account("isolated")
    isolated.trade(Side.BUY, "0.1")
    assert isolated.exchange.get_tradable_balances("ETH/USDT")["USDT"].total == 50_000
    assert isolated.exchange.get_tradable_balances(SYMBOL)["USDT"].total < 50_000
    assert isolated.exchange.get_balances()["USDT"].total > 140_000
    with pytest.raises(OrderRejected, match="no isolated margin account"):
        isolated.exchange.submit_order(OrderRequest("a" * 32, "BNB/USDT", Side.BUY, OrderType.MARKET, D(1)))


# --- positions
def test_leverage_and_mode_are_applied_once_and_for_all(open_account: Callable[..., Account]) -> None:
    futures = open_account("futures", margin_mode=MarginMode.ISOLATED, leverage=8)
    futures.set_price(50_000)
    for _ in range(2):
        futures.exchange.apply_leverage(SYMBOL)
    bought = futures.trade(Side.BUY, "0.5")
    (position,) = futures.exchange.get_positions()
    assert (position.side, position.quantity, position.leverage) == (PositionSide.LONG, D("0.5"), 8)
    assert (position.margin_mode, position.entry_price) == (MarginMode.ISOLATED, bought.average_price)
    assert position.liquidation_price is not None
    assert 43_000 < position.liquidation_price < 45_000
    assert position.mark_price == futures.exchange.get_mark_price(SYMBOL) == 50_000
    assert position.unrealised_pnl == (50_000 - position.entry_price) * D("0.5")


def test_leverage_that_the_venue_does_not_have_is_refused(open_account: Callable[..., Account]) -> None:
    with pytest.raises(InvalidOrder, match="126"):
        open_account("futures", leverage=126).exchange.apply_leverage(SYMBOL)


def test_a_mode_that_cannot_change_now_is_refused(futures: Account, open_account: Callable[..., Account]) -> None:
    futures.trade(Side.BUY, "0.1")
    with pytest.raises(OrderRejected, match="exists position"):
        open_account("futures", margin_mode=MarginMode.ISOLATED).exchange.apply_leverage(SYMBOL)


def test_a_short_is_closed_and_never_turned(futures: Account) -> None:
    futures.trade(Side.SELL, "0.5")
    (position,) = futures.exchange.get_positions(SYMBOL)
    assert position.side is PositionSide.SHORT
    closed = futures.trade(Side.BUY, "2", reduce_only=True)
    assert closed.filled_quantity == D("0.5")
    assert futures.exchange.get_positions(SYMBOL) == []
    with pytest.raises(OrderRejected, match="no position"):
        futures.trade(Side.BUY, "0.5", reduce_only=True)


def test_a_conditional_entry_without_margin_is_rejected_when_it_triggers(futures: Account) -> None:
    futures.trade(Side.BUY, "9")
    placed = futures.trade(Side.BUY, "1", OrderType.STOP_LOSS, stop_price=D(50_500))
    futures.trade(Side.BUY, "0.9", OrderType.LIMIT, limit_price=D(48_000))  # takes the rest of the margin
    futures.set_price(50_600)
    order = futures.look_up(placed)
    assert (order.status, order.filled_quantity) == (OrderStatus.REJECTED, 0)


def test_funding_is_told_as_it_was_paid(futures: Account) -> None:
    futures.sim.set_funding_rate("binance_futures", SYMBOL, "0.0005")
    since = futures.sim.now()
    futures.trade(Side.BUY, "0.5")
    futures.later(minutes=17 * 60)
    payments = futures.exchange.get_funding_payments(SYMBOL, since=since)
    theirs = [each for each in futures.ledger["payments"] if each["kind"] == "funding"]
    assert [(payment.amount, payment.asset) for payment in payments] == [(D(p["amount"]), "USDT") for p in theirs]
    assert len(payments) == 2
    rates = futures.exchange.get_funding_rates(SYMBOL, since=since)
    assert [(rate.rate, rate.paid_at) for rate in rates] == [(D("0.0005"), p.paid_at) for p in payments]


@pytest.mark.parametrize(("name", "quantity"), [("futures", "3"), ("isolated", "3.5"), ("cross", "7")])
def test_what_the_venue_closed_itself_is_told(open_account: Callable[..., Account], name: str, quantity: str) -> None:
    account = open_account(name, leverage=50)
    account.set_price(50_000)
    if name == "futures":
        account.exchange.apply_leverage(SYMBOL)
    since = account.sim.now()
    account.trade(Side.BUY, quantity)
    assert account.exchange.get_liquidations(SYMBOL, since=since) == []
    account.set_price(15_000)
    fills = account.exchange.get_liquidations(SYMBOL, since=since)
    theirs = [order for order in account.ledger["orders"] if order["is_liquidation"]]
    assert {fill.exchange_order_id for fill in fills} == {str(order["order_id"]) for order in theirs}
    assert sum(fill.quantity for fill in fills) == sum(D(order["filled_quantity"]) for order in theirs)
    assert {fill.side for fill in fills} == {Side.SELL}


def test_an_account_in_hedge_mode_is_told_so(futures: Account) -> None:
    client = futures.exchange._client
    client.futures_change_position_mode(dualSidePosition="true")
    with pytest.raises(InvalidRequest, match="hedge mode"):
        futures.exchange.test_connectivity()
    with pytest.raises(InvalidOrder, match="one-way mode"):
        futures.trade(Side.BUY, "0.1")


def test_what_is_used_up_is_learnt_from_every_reply(account: Account) -> None:
    exchange = account.exchange
    exchange.measure_clock()
    exchange.get_current_price(SYMBOL)
    before = exchange.told_usage()["weight"]
    exchange.get_candles(SYMBOL, "1m", limit=10)
    cost = exchange.costs("get_candles", {"limit": 11})["weight"]
    assert exchange.told_usage()["weight"] == before + cost
    account.trade(Side.BUY, "0.1", OrderType.LIMIT, limit_price=D(48_000))
    assert exchange.told_usage()["orders-10s"] == 1
