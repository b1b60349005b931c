"""The conformance suite: numbered cases that every adapter passes on every account type it declares."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from exchanges.base import (
    TIMEFRAMES,
    ZERO,
    ExchangeCapabilities,
    Fill,
    MarketType,
    Order,
    OrderStatus,
    OrderType,
    PositionSide,
    Side,
    VenueStatus,
)
from exchanges.errors import (
    AuthenticationError,
    ExchangeError,
    InsufficientFunds,
    InvalidOrder,
    NotSupported,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderRejected,
    TransientExchangeError,
)
from exchanges.factory import ExchangeFactory
from exchanges.positions import OpenPosition, after_fill
from tests.contracts.conftest import LEVERAGE, Account
from tests.contracts.faces import FACES

BUY, SELL = Side.BUY, Side.SELL
SMALL = Decimal("0.01")
CENT = Decimal("0.01")
SMALLEST = Decimal("0.00000001")  # in which venues book


def test_c00_every_registered_exchange_has_a_face() -> None:
    assert set(ExchangeFactory.names()) <= set(FACES)


# --- public
def test_c01_it_connects(account: Account) -> None:
    assert account.exchange.test_connectivity() is True


def test_c02_it_tells_the_venues_time_and_state(account: Account) -> None:
    account.face.advance(minutes=90)
    assert abs(account.exchange.get_server_time() - account.face.now()) <= timedelta(seconds=1)
    assert account.exchange.get_status() is VenueStatus.ONLINE


def test_c03_instruments_have_our_symbols_and_usable_rules(account: Account) -> None:
    instruments = account.exchange.get_instruments()
    assert len({instrument.symbol for instrument in instruments}) == len(instruments) > 0
    for instrument in instruments:
        assert instrument.symbol == f"{instrument.base}/{instrument.quote}"
        assert instrument.market_type == account.kind.market_type
        assert instrument.tick_size > 0
        assert instrument.lot_step > 0
        assert type(instrument.min_notional) is Decimal
        assert bool(instrument.settle) == (account.kind.market_type is MarketType.FUTURES)
    if account.is_leveraged:
        assert account.rules.max_leverage >= LEVERAGE


@pytest.mark.parametrize("limit", [1, 50, 1200])
def test_c04_candles_are_closed_complete_and_in_order(account: Account, limit: int) -> None:
    limit = min(limit, account.exchange.candles_served or limit)
    for timeframe in ("1m", "5m", "1h"):
        candles = account.exchange.get_candles(account.symbol, timeframe, limit=limit)
        step = TIMEFRAMES[timeframe]
        assert len(candles) == limit
        assert all(later.open_time - earlier.open_time == step for earlier, later in pairwise(candles))
        now = account.face.now()
        assert candles[-1].open_time + step <= now < candles[-1].open_time + 2 * step
        for candle in candles:
            assert candle.low <= min(candle.open, candle.close)
            assert candle.high >= max(candle.open, candle.close)
            assert type(candle.close) is Decimal


def test_c05_candles_from_a_time_on(account: Account) -> None:
    newest = account.exchange.get_candles(account.symbol, "1m", limit=20)
    assert account.exchange.get_candles(account.symbol, "1m", since=newest[5].open_time, limit=7) == newest[5:12]
    assert account.exchange.get_candles(account.symbol, "1m", since=newest[15].open_time, limit=100) == newest[15:]


def test_c06_the_price_lies_between_bid_and_ask(account: Account) -> None:
    quote = account.exchange.get_quote(account.symbol)
    assert 0 < quote.bid <= account.exchange.get_current_price(account.symbol) <= quote.ask
    assert quote.ask % account.rules.tick_size == 0


# --- orders
def test_c07_a_market_buy_is_booked_to_the_last_digit(account: Account) -> None:
    account.exchange.apply_leverage(account.symbol)
    before = books(account)
    began = account.face.now()
    request = account.request(BUY, SMALL)
    order = account.exchange.submit_order(request)
    order = settled(account, order)
    assert (order.status, order.filled_quantity) == (OrderStatus.FILLED, request.quantity)
    assert order.client_order_id == request.client_order_id
    fills = fills_of(account, order)
    assert sum(fill.quantity for fill in fills) == request.quantity
    assert {(fill.side, fill.exchange_order_id) for fill in fills} == {(BUY, order.exchange_order_id)}
    assert_booked(account, before, fills, began)
    worth = sum(fill.price * fill.quantity for fill in fills)
    assert order.average_price is not None
    assert abs(order.average_price * order.filled_quantity - worth) <= SMALLEST * worth


def test_c08_a_market_sell_is_booked_to_the_last_digit(account: Account) -> None:
    account.exchange.apply_leverage(account.symbol)
    before = books(account)
    began = account.face.now()
    bought = settled(account, account.exchange.submit_order(account.request(BUY, SMALL * 2)))
    sold = account.exchange.submit_order(account.request(SELL, SMALL, reduce_only=True))
    sold = settled(account, sold)
    assert sold.status is OrderStatus.FILLED
    assert_booked(account, before, fills_of(account, bought) + fills_of(account, sold), began)


def books(account: Account) -> dict[str, Decimal]:
    return {"position": account.position()} | {
        asset: account.net(asset) for asset in (account.rules.base, account.money)
    }


def assert_booked(account: Account, before: dict[str, Decimal], fills: list[Fill], began: datetime) -> None:
    """Coins changed hands; or a position changed, and money came and went with profits and fees only."""
    base, money = account.rules.base, account.money
    expected = dict(before)
    position = OpenPosition()
    for fill in fills:
        sign = 1 if fill.side is BUY else -1
        if account.position():
            position, realised = after_fill(position, fill.side, fill.price, fill.quantity)
            expected["position"] += sign * fill.quantity
            expected[money] += realised
        else:
            expected[base] += sign * fill.quantity
            expected[money] -= sign * fill.quantity * fill.price
        if fill.fee_asset in expected:
            expected[fill.fee_asset] -= fill.fee
        assert fill.fee > 0
    if account.is_leveraged:  # what it costs to borrow, or to open a position
        payments = account.exchange.get_funding_payments(account.symbol, since=began)
        expected[money] += sum(payment.amount for payment in payments if payment.asset == money)
    now = books(account)
    assert {name: amount for name, amount in now.items() if name != money} == {
        name: amount for name, amount in expected.items() if name != money
    }
    # A venue rounds each amount of money it books.
    assert abs(now[money] - expected[money]) <= (SMALLEST * 2 * len(fills) if account.is_leveraged else ZERO)


def fills_of(account: Account, order: Order) -> list[Fill]:
    return account.exchange.get_fills(account.symbol, exchange_order_id=order.exchange_order_id)


def settled(account: Account, order: Order) -> Order:
    """As the venue tells it when it is asked again: some say at first only that they have it."""
    again = account.exchange.get_order(account.symbol, order.client_order_id)
    assert again.exchange_order_id == order.exchange_order_id
    return again


def test_c09_a_limit_order_rests_and_locks_its_worth(account: Account) -> None:
    account.exchange.apply_leverage(account.symbol)
    request = resting_buy(account)
    order = account.exchange.submit_order(request)
    assert (order.status, order.filled_quantity, order.average_price) == (OrderStatus.OPEN, ZERO, None)
    assert order.limit_price == request.limit_price
    assert request.limit_price is not None
    balance = account.exchange.get_balances()[account.money]
    worth = request.quantity * request.limit_price
    if account.is_leveraged:  # at a venue with one leverage for the whole account, less than ours asks for
        assert worth / account.rules.max_leverage <= balance.used + CENT
    else:
        assert worth <= balance.used <= worth * (1 + account.exchange.fee_rate)  # some lock the fee as well
    for found in (account.exchange.get_open_orders(account.symbol), account.exchange.get_open_orders()):
        assert [entry.client_order_id for entry in found] == [request.client_order_id]
    looked_up = account.exchange.get_order(account.symbol, request.client_order_id)
    assert (looked_up.exchange_order_id, looked_up.status) == (order.exchange_order_id, OrderStatus.OPEN)
    assert fills_of(account, order) == []


def resting_buy(account: Account, factor: str = "0.9", **more: Any) -> Any:
    price = account.exchange.get_current_price(account.symbol)
    return account.request(BUY, SMALL, OrderType.LIMIT, limit=price * Decimal(factor), **more)


def test_c10_cancelling_frees_what_was_locked(account: Account) -> None:
    account.exchange.apply_leverage(account.symbol)
    before = account.exchange.get_balances()[account.money]
    request = resting_buy(account)
    account.exchange.submit_order(request)
    order = account.exchange.cancel_order(account.symbol, request.client_order_id)
    assert (order.status, order.client_order_id) == (OrderStatus.CANCELED, request.client_order_id)
    assert account.exchange.get_balances()[account.money] == before
    assert account.exchange.get_open_orders(account.symbol) == []
    try:
        assert account.exchange.get_order(account.symbol, request.client_order_id).status is OrderStatus.CANCELED
    except OrderNotFound:
        assert account.exchange.forgets_unfilled_orders
    with pytest.raises(OrderNotFound):
        account.exchange.cancel_order(account.symbol, request.client_order_id)


def test_c11_an_order_that_never_was_is_not_found(account: Account) -> None:
    with pytest.raises(OrderNotFound):
        account.exchange.get_order(account.symbol, "f" * 32)
    with pytest.raises(OrderNotFound):
        account.exchange.cancel_order(account.symbol, "f" * 32)


def test_c12_a_limit_order_fills_at_its_price_when_the_market_gets_there(account: Account) -> None:
    account.exchange.apply_leverage(account.symbol)
    request = resting_buy(account, "0.98")
    account.exchange.submit_order(request)
    account.let_the_price_go_to("0.97")
    order = account.exchange.get_order(account.symbol, request.client_order_id)
    assert (order.status, order.filled_quantity) == (OrderStatus.FILLED, request.quantity)
    assert (order.average_price or 0) <= (request.limit_price or 0)
    assert account.exchange.get_open_orders(account.symbol) == []


# --- stops and targets
def buy(account: Account) -> tuple[Decimal, Decimal]:
    """What can be sold of it afterwards, and at which price it was bought."""
    account.exchange.apply_leverage(account.symbol)
    before = account.exposure()
    order = settled(account, account.exchange.submit_order(account.request(BUY, SMALL)))
    assert order.average_price is not None
    return account.rules.round_quantity(account.exposure() - before), order.average_price


def require(account: Account, capability: str) -> None:
    if not getattr(account.exchange.capabilities, capability):
        pytest.skip(f"{account.kind} does not declare {capability}")


def near(account: Account, left: Decimal, before: Decimal) -> bool:
    """Whether all that could be sold was: less than a lot may be left."""
    return abs(left - before) < account.rules.lot_step


def test_c13_a_stop_loss_rests_and_sells_when_the_price_falls(account: Account) -> None:
    require(account, "stop_loss_orders")
    before = account.exposure()
    held, price = buy(account)
    stop = account.rules.round_stop_price(price * Decimal("0.97"), SELL)
    placed = account.exchange.create_stop_loss_order(account.symbol, SELL, held, stop, client_order_id="a" * 32)
    assert (placed.status, placed.stop_price) == (OrderStatus.OPEN, stop)
    assert account.exchange.get_order(account.symbol, "a" * 32).status is OrderStatus.OPEN
    assert [order.client_order_id for order in account.exchange.get_open_orders(account.symbol)] == ["a" * 32]
    account.let_the_price_go_to("0.965")
    order = account.exchange.get_order(account.symbol, "a" * 32)
    assert (order.status, order.filled_quantity) == (OrderStatus.FILLED, held)
    assert sum(fill.quantity for fill in fills_of(account, order)) == held
    assert near(account, account.exposure(), before)


def test_c14_a_take_profit_rests_and_sells_when_the_price_rises(account: Account) -> None:
    require(account, "take_profit_orders")
    before = account.exposure()
    held, price = buy(account)
    stop = account.rules.round_stop_price(price * Decimal("1.03"), SELL)
    placed = account.exchange.create_take_profit_order(account.symbol, SELL, held, stop, client_order_id="b" * 32)
    assert placed.status is OrderStatus.OPEN
    account.let_the_price_go_to("1.04")
    order = account.exchange.get_order(account.symbol, "b" * 32)
    assert (order.status, order.filled_quantity) == (OrderStatus.FILLED, held)
    assert near(account, account.exposure(), before)


def test_c26_a_stop_can_be_canceled_by_its_id(account: Account) -> None:
    require(account, "stop_loss_orders")
    held, price = buy(account)
    stop = account.rules.round_stop_price(price * Decimal("0.95"), SELL)
    account.exchange.create_stop_loss_order(account.symbol, SELL, held, stop, client_order_id="a" * 32)
    assert account.exchange.cancel_order(account.symbol, "a" * 32).status is OrderStatus.CANCELED
    assert account.exchange.get_open_orders(account.symbol) == []
    account.let_the_price_go_to("0.9")
    assert account.rules.round_quantity(account.exposure()) >= held


def test_c27_a_trailing_stop_follows_the_price_and_sells_when_it_turns(account: Account) -> None:
    require(account, "trailing_stop_orders")
    before = account.exposure()
    held, price = buy(account)
    account.exchange.create_trailing_stop_order(account.symbol, SELL, held, Decimal(2), client_order_id="a" * 32)
    account.let_the_price_go_to("1.05")
    assert account.exchange.get_order(account.symbol, "a" * 32).status is OrderStatus.OPEN
    account.let_the_price_go_to("0.975")
    order = account.exchange.get_order(account.symbol, "a" * 32)
    assert (order.status, order.filled_quantity) == (OrderStatus.FILLED, held)
    assert (order.average_price or 0) > price  # it was pulled along
    assert near(account, account.exposure(), before)


@pytest.mark.parametrize(("factor", "is_stopped"), [("0.96", True), ("1.06", False)])
def test_c28_of_stop_and_target_one_takes_the_other_out(account: Account, factor: str, is_stopped: bool) -> None:
    require(account, "oco_orders")
    before = account.exposure()
    held, price = buy(account)
    rules = account.rules
    orders = account.exchange.create_oco_order(
        account.symbol,
        SELL,
        held,
        take_profit_price=rules.round_price(price * Decimal("1.05"), SELL),
        stop_price=rules.round_stop_price(price * Decimal("0.97"), SELL),
        client_order_ids=("a" * 32, "b" * 32),
    )
    assert {order.status for order in orders} == {OrderStatus.OPEN}
    account.let_the_price_go_to(factor)
    assert account.exchange.get_open_orders(account.symbol) == []
    assert near(account, account.exposure(), before)
    found = [account.exchange.get_order(account.symbol, order.client_order_id) for order in orders]
    assert sum(order.filled_quantity for order in found) == held
    if len(found) == 2:
        target, stop = found
        assert (stop if is_stopped else target).status is OrderStatus.FILLED


def test_c29_a_post_only_order_never_takes(account: Account) -> None:
    require(account, "post_only_orders")
    account.exchange.apply_leverage(account.symbol)
    price = account.exchange.get_current_price(account.symbol)
    crossing = account.request(BUY, SMALL, OrderType.LIMIT, limit=price * Decimal("1.01"), post_only=True)
    try:
        outcome = account.exchange.submit_order(crossing)
    except OrderRejected:
        pass
    else:  # some take it and cancel it in the same breath
        outcome = settled(account, outcome)
        assert outcome.status.is_final
        assert outcome.filled_quantity == ZERO
    assert account.exchange.get_open_orders(account.symbol) == []
    assert account.exchange.submit_order(resting_buy(account, post_only=True)).status is OrderStatus.OPEN


# --- refusals
def test_c15_too_little_money_is_insufficient_funds_and_changes_nothing(account: Account) -> None:
    account.exchange.apply_leverage(account.symbol)
    before = account.exchange.get_balances()
    rules, price = account.rules, account.exchange.get_current_price(account.symbol)
    affordable = before[account.money].free / price * rules.max_leverage
    quantity = min(affordable * Decimal("1.5"), rules.max_quantity or affordable * 2)
    with pytest.raises(InsufficientFunds):
        account.exchange.submit_order(account.request(BUY, quantity, OrderType.LIMIT, limit=price * Decimal("0.99")))
    assert account.exchange.get_balances() == before


def test_c16_below_the_minimum_is_invalid_and_says_the_figure(account: Account) -> None:
    rules, price = account.rules, account.exchange.get_current_price(account.symbol)
    least = max(rules.min_notional / price, rules.min_quantity)
    quantity = least / 2 if rules.round_quantity(least / 2) > 0 else ZERO
    request = account.request(BUY, quantity, OrderType.LIMIT, limit=price)
    with pytest.raises(InvalidOrder, match=r"minimum|below one lot"):
        account.exchange.submit_order(request)


def test_c17_too_precise_is_invalid(account: Account) -> None:
    price = account.rules.round_price(account.exchange.get_current_price(account.symbol), BUY)
    good = account.request(BUY, SMALL, OrderType.LIMIT, limit=price)
    for change in (
        {"quantity": good.quantity + account.rules.lot_step / 10},
        {"limit_price": price + account.rules.tick_size / 10},
    ):
        values = {name: getattr(good, name) for name in good.__dataclass_fields__} | change
        with pytest.raises(InvalidOrder):
            account.exchange.submit_order(type(good)(**values))
    assert account.exchange.get_open_orders() == []


def test_c18_an_unknown_symbol_is_invalid(account: Account) -> None:
    with pytest.raises(InvalidOrder):
        account.exchange.get_current_price("NOSUCH/COIN")
    with pytest.raises(InvalidOrder):
        account.exchange.cancel_order("NOSUCH/COIN", "a" * 32)


def test_c19_what_is_not_declared_is_refused_before_anything_is_sent(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.exchange.get_balances()
    request, rules = account.request(BUY, SMALL), account.rules
    monkeypatch.setattr(account.exchange, "instrument_lookup", lambda _symbol: rules)
    monkeypatch.setattr(type(account.exchange), "capabilities", ExchangeCapabilities(spot_trading=True, order_types=()))
    monkeypatch.setattr(account.exchange, "base_url", "http://127.0.0.1:1")
    symbol, price = account.symbol, Decimal(1)
    for call in (
        lambda: account.exchange.submit_order(request),
        lambda: account.exchange.create_stop_loss_order(symbol, SELL, SMALL, price, client_order_id="a" * 32),
        lambda: account.exchange.create_take_profit_order(symbol, SELL, SMALL, price, client_order_id="a" * 32),
        lambda: account.exchange.create_trailing_stop_order(symbol, SELL, SMALL, price, client_order_id="a" * 32),
        lambda: account.exchange.create_oco_order(
            symbol, SELL, SMALL, take_profit_price=price, stop_price=price, client_order_ids=("a" * 32, "b" * 32)
        ),
        lambda: account.exchange.get_candles(symbol, "7m"),
    ):
        with pytest.raises(NotSupported):
            call()


def test_c20_an_open_orders_id_cannot_be_used_twice(account: Account) -> None:
    """There is one order of an id, whatever the venue answers: what it said no to may be the very order we sent."""
    account.exchange.apply_leverage(account.symbol)
    request = resting_buy(account)
    first = account.exchange.submit_order(request)
    try:
        second = account.exchange.submit_order(request)
    except OrderOutcomeUnknown:
        pass
    else:
        assert second.exchange_order_id == first.exchange_order_id
    assert len(account.exchange.get_open_orders(account.symbol)) == 1


# --- keys and connections
def at_the_venue(account: Account) -> None:
    if account.kind.is_paper:
        pytest.skip("a paper account has no key and sends no orders anywhere")


def open_with(account: Account, **changes: str) -> Any:
    key = {**vars(account.key), **changes}
    return ExchangeFactory.create_exchange(
        account.kind.exchange,
        key["api_key"],
        key["api_secret"],
        testnet=False,
        market_type=account.kind.market_type,
        passphrase=key["passphrase"],
    )


def test_c21_a_wrong_key_or_secret_is_refused(account: Account) -> None:
    at_the_venue(account)
    other = account.face.key(account.kind.market_type, "trader-2")
    for part in ("api_key", "api_secret", "passphrase"):
        if not getattr(account.key, part):
            continue
        wrong = getattr(other, part)
        if wrong == getattr(account.key, part):
            continue
        with open_with(account, **{part: wrong}) as exchange, pytest.raises(AuthenticationError) as caught:
            exchange.get_balances()
        for secret in vars(account.key).values():
            assert not secret or secret not in str(caught.value)


def test_c22_permissions_are_told_where_the_venue_tells_them(account: Account) -> None:
    permissions = account.exchange.get_key_permissions()
    assert permissions.can_trade in (True, None)
    assert permissions.can_withdraw in (False, None)


def test_c30_a_key_that_can_move_funds_out_is_known_as_one(account: Account) -> None:
    at_the_venue(account)
    if account.exchange.get_key_permissions().can_withdraw is None:
        pytest.skip(f"{account.kind.exchange} does not tell what a key may do")
    key = account.face.key(account.kind.market_type, "withdrawals")
    with open_with(account, **vars(key)) as exchange:
        assert exchange.get_key_permissions().can_withdraw is True


def test_c31_a_key_that_may_only_read_cannot_trade(account: Account) -> None:
    at_the_venue(account)
    key = account.face.key(account.kind.market_type, "read-only")
    with open_with(account, **vars(key)) as exchange:
        exchange.instrument_lookup = account.exchange.instrument
        assert exchange.get_balances()
        with pytest.raises(AuthenticationError):
            exchange.submit_order(resting_buy(account))


def test_c23_a_venue_that_is_down_is_transient(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    request = account.request(BUY, SMALL)
    monkeypatch.setattr(ExchangeFactory, "_url_overrides", {})
    ExchangeFactory.override_url(account.kind.exchange, "live", "http://127.0.0.1:1")
    down = open_with(account)
    down.instrument_lookup = account.exchange.instrument
    with down:
        for call in (lambda: down.get_current_price(account.symbol), down.get_balances):
            with pytest.raises(TransientExchangeError):
                call()
        with pytest.raises((TransientExchangeError, OrderOutcomeUnknown)):
            down.submit_order(request)


def test_c24_it_can_be_closed_and_used_again(account: Account) -> None:
    account.exchange.close()
    account.exchange.close()
    assert account.exchange.test_connectivity()


def test_c25_it_never_shows_its_key(account: Account) -> None:
    shown = repr(account.exchange) + str(account.exchange)
    for secret in vars(account.key).values():
        assert not secret or secret not in shown


# --- what goes wrong on the way
@pytest.fixture
def fault(account: Account, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`fault(operation, kind)`: the next request of that meaning goes wrong in that way. Nobody sleeps."""
    at_the_venue(account)
    monkeypatch.setattr("exchanges.calls.time.sleep", lambda seconds: None)
    account.exchange.get_balances()  # whatever an adapter does before its first request is done: clocks, lists

    def inject(operation: str, kind: str, **options: Any) -> None:
        try:
            account.face.fault(account.kind.market_type, operation, kind, **{"count": 1, **options})
        except NotImplementedError:
            pytest.skip("this face has no faults")

    return inject


def test_c32_a_lost_reply_is_unknown_and_the_order_is_found_by_its_id(
    account: Account, fault: Callable[..., None]
) -> None:
    account.exchange.apply_leverage(account.symbol)
    request = account.request(BUY, SMALL)
    fault("submit", "reply_lost")
    with pytest.raises(OrderOutcomeUnknown):
        account.exchange.submit_order(request)
    order = account.exchange.get_order(account.symbol, request.client_order_id)
    assert (order.status, order.filled_quantity) == (OrderStatus.FILLED, request.quantity)


def test_c33_a_request_that_never_arrived_left_nothing(account: Account, fault: Callable[..., None]) -> None:
    account.exchange.apply_leverage(account.symbol)
    request = resting_buy(account)
    fault("submit", "connection_reset")
    with pytest.raises((OrderOutcomeUnknown, TransientExchangeError)):
        account.exchange.submit_order(request)
    with pytest.raises(OrderNotFound):
        account.exchange.get_order(account.symbol, request.client_order_id)
    assert account.exchange.submit_order(request).status is OrderStatus.OPEN


@pytest.mark.parametrize("kind", ["server_error", "too_many_requests", "malformed"])
def test_c34_a_submit_without_a_clear_answer_is_unknown(
    account: Account, fault: Callable[..., None], kind: str
) -> None:
    account.exchange.apply_leverage(account.symbol)
    request = resting_buy(account)
    fault("submit", kind)
    with pytest.raises((OrderOutcomeUnknown, TransientExchangeError)) as caught:
        account.exchange.submit_order(request)
    try:
        accepted = account.exchange.get_order(account.symbol, request.client_order_id).status is OrderStatus.OPEN
    except OrderNotFound:
        accepted = False
    # "Transient" of a submit is a promise that nothing was accepted.
    assert not (accepted and isinstance(caught.value, TransientExchangeError))


@pytest.mark.parametrize("kind", ["server_error", "connection_reset", "malformed"])
def test_c35_a_read_is_tried_again(account: Account, fault: Callable[..., None], kind: str) -> None:
    account.exchange.get_balances()
    fault("balances", kind)
    assert account.exchange.get_balances()
    fault("balances", kind, count=20)
    with pytest.raises(TransientExchangeError):
        account.exchange.get_balances()


@pytest.mark.parametrize("kind", ["market_suspended", "cancel_only"])
def test_c36_a_market_that_takes_no_orders_refuses_and_still_cancels(
    account: Account, fault: Callable[..., None], kind: str
) -> None:
    account.exchange.apply_leverage(account.symbol)
    request = resting_buy(account)
    account.exchange.submit_order(request)
    fault("submit", kind)
    with pytest.raises((OrderRejected, TransientExchangeError)) as caught:
        account.exchange.submit_order(resting_buy(account))
    assert isinstance(caught.value, ExchangeError)
    assert account.exchange.cancel_order(account.symbol, request.client_order_id).status is OrderStatus.CANCELED


def test_c37_a_cancel_without_an_answer_is_unknown(account: Account, fault: Callable[..., None]) -> None:
    account.exchange.apply_leverage(account.symbol)
    request = resting_buy(account)
    account.exchange.submit_order(request)
    fault("cancel", "reply_lost")
    with pytest.raises(OrderOutcomeUnknown):
        account.exchange.cancel_order(account.symbol, request.client_order_id)
    assert account.exchange.get_open_orders(account.symbol) == []


def test_c38_an_order_that_fills_in_part_says_so(account: Account) -> None:
    """A large limit order takes what stands at its price, and the rest waits."""
    account.exchange.apply_leverage(account.symbol)
    rules = account.rules
    quote = account.exchange.get_quote(account.symbol)
    if not quote.ask_size:
        pytest.skip(f"{account.kind.exchange} does not tell how much stands at a price")
    affordable = account.exchange.get_balances()[account.money].free / quote.ask * Decimal("0.9")
    quantity = min(affordable * (LEVERAGE if account.is_leveraged else 1), quote.ask_size + SMALL * 20)
    if quantity <= quote.ask_size:
        pytest.skip("the account cannot buy more than stands at one price")
    request = account.request(BUY, quantity, OrderType.LIMIT, limit=quote.ask)
    order = settled(account, account.exchange.submit_order(request))
    assert (order.status, order.filled_quantity) == (OrderStatus.PARTIALLY_FILLED, rules.round_quantity(quote.ask_size))
    assert sum(fill.quantity for fill in fills_of(account, order)) == order.filled_quantity
    canceled = account.exchange.cancel_order(account.symbol, request.client_order_id)
    assert (canceled.status, canceled.filled_quantity) == (OrderStatus.CANCELED, order.filled_quantity)


# --- leverage
def leveraged(account: Account) -> None:
    if not account.is_leveraged:
        pytest.skip("spot knows no leverage")


def test_c39_a_position_says_what_it_is(account: Account) -> None:
    leveraged(account)
    buy(account)
    for position in account.exchange.get_positions():
        assert position.symbol == account.symbol
        assert position.side is PositionSide.LONG
        assert position.quantity == SMALL
        assert position.leverage == LEVERAGE
        assert position.margin_mode is account.kind.margin_mode
        assert position.entry_price > 0
        if position.margin_mode == "isolated":
            assert position.liquidation_price is not None
            assert position.liquidation_price < position.entry_price


def test_c40_with_leverage_more_can_be_bought_than_is_there(account: Account) -> None:
    leveraged(account)
    account.exchange.apply_leverage(account.symbol)
    free = account.exchange.get_balances()[account.money].free
    price = account.exchange.get_quote(account.symbol).ask
    quantity = min(free * Decimal("1.5") / price, account.rules.max_quantity or free)
    order = settled(account, account.exchange.submit_order(account.request(BUY, quantity)))
    assert order.status is OrderStatus.FILLED
    assert order.filled_quantity * price > free


def test_c41_an_exit_closes_and_never_turns_around(account: Account) -> None:
    leveraged(account)
    require(account, "reduce_only_orders")
    before = account.exposure()
    held, _ = buy(account)
    if account.position():
        try:
            order = account.exchange.submit_order(account.request(SELL, held * 3, reduce_only=True))
        except OrderRejected:
            pass
        else:  # some venues cut it down to the position instead
            assert settled(account, order).filled_quantity == held
    else:
        account.exchange.submit_order(account.request(SELL, held, reduce_only=True))
    if account.position():
        account.exchange.submit_order(account.request(SELL, held, reduce_only=True))
    assert near(account, account.exposure(), before)
    balances = account.exchange.get_balances()
    assert all(balance.borrowed == 0 for balance in balances.values())


def test_c42_funding_is_booked_as_it_was_paid(account: Account) -> None:
    if account.kind.market_type is not MarketType.FUTURES:
        pytest.skip("only futures pay funding")
    began = account.face.now()
    buy(account)
    wallet = account.net(account.money)
    account.face.advance(minutes=9 * 60)
    payments = account.exchange.get_funding_payments(account.symbol, since=began)
    assert payments
    assert {payment.asset for payment in payments} == {account.money}
    assert len({payment.payment_id for payment in payments}) == len(payments)
    paid = sum(payment.amount for payment in payments)
    assert abs(account.net(account.money) - wallet - paid) <= SMALLEST * len(payments)
    rates = account.exchange.get_funding_rates(account.symbol, since=began)
    assert len(rates) >= len(payments) > 0


def test_c43_leverage_can_be_set_again_and_again(account: Account) -> None:
    leveraged(account)
    account.exchange.apply_leverage(account.symbol)
    account.exchange.apply_leverage(account.symbol)
    buy(account)
    account.exchange.apply_leverage(account.symbol)
