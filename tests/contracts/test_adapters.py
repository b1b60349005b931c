"""The conformance suite: numbered cases that every adapter passes on every account type it declares."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from exchanges.base import ZERO, ExchangeCapabilities, OrderStatus, OrderType, Side
from exchanges.errors import (
    AuthenticationError,
    InsufficientFunds,
    InvalidOrder,
    NotSupported,
    OrderNotFound,
    OrderOutcomeUnknown,
    TransientExchangeError,
)
from exchanges.factory import ExchangeFactory
from tests.contracts.conftest import FACES, Account

BUY, SELL = Side.BUY, Side.SELL
SMALL = Decimal("0.01")


def test_c00_every_registered_exchange_has_a_simulator() -> None:
    assert set(ExchangeFactory.names()) <= set(FACES)


# --- public
def test_c01_it_connects(account: Account) -> None:
    assert account.exchange.test_connectivity() is True


def test_c02_it_tells_the_venues_time(account: Account) -> None:
    account.face.advance(minutes=90)
    assert abs(account.exchange.get_server_time() - account.face.now()) < timedelta(seconds=1)


def test_c03_instruments_have_our_symbols_and_usable_rules(account: Account) -> None:
    instruments = account.exchange.get_instruments()
    assert len({instrument.symbol for instrument in instruments}) == len(instruments) > 0
    for instrument in instruments:
        assert instrument.symbol.split(":")[0] == f"{instrument.base}/{instrument.quote}"
        assert instrument.market_type == account.kind.market_type
        assert instrument.tick_size > 0
        assert instrument.lot_step > 0
        assert type(instrument.min_notional) is Decimal


@pytest.mark.parametrize("timeframe", ["1m", "5m", "1h"])
@pytest.mark.parametrize("limit", [1, 50, 1200])
def test_c04_candles_are_closed_complete_and_in_order(account: Account, timeframe: str, limit: int) -> None:
    candles = account.exchange.get_candles(account.symbol, timeframe, limit=limit)
    step = {"1m": timedelta(minutes=1), "5m": timedelta(minutes=5), "1h": timedelta(hours=1)}[timeframe]
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
    rules = account.rules
    before = {asset: account.total(asset) for asset in (rules.base, rules.quote)}
    request = account.request(BUY, SMALL)
    order = account.exchange.submit_order(request)
    assert (order.status, order.filled_quantity) == (OrderStatus.FILLED, request.quantity)
    assert order.client_order_id == request.client_order_id
    fills = account.exchange.get_fills(account.symbol, exchange_order_id=order.exchange_order_id)
    assert sum(fill.quantity for fill in fills) == request.quantity
    assert {(fill.side, fill.exchange_order_id) for fill in fills} == {(BUY, order.exchange_order_id)}
    assert_booked(account, before, fills)
    again = account.exchange.get_order(account.symbol, request.client_order_id)
    assert (again.status, again.filled_quantity, again.average_price) == (
        order.status,
        order.filled_quantity,
        order.average_price,
    )


def test_c08_a_market_sell_is_booked_to_the_last_digit(account: Account) -> None:
    account.exchange.submit_order(account.request(BUY, SMALL * 2))
    rules = account.rules
    before = {asset: account.total(asset) for asset in (rules.base, rules.quote)}
    order = account.exchange.submit_order(account.request(SELL, SMALL))
    assert order.status is OrderStatus.FILLED
    fills = account.exchange.get_fills(account.symbol, exchange_order_id=order.exchange_order_id)
    assert_booked(account, before, fills)


def assert_booked(account: Account, before: dict[str, Decimal], fills: list[Any]) -> None:
    rules = account.rules
    expected = dict(before)
    for fill in fills:
        sign = 1 if fill.side is BUY else -1
        expected[rules.base] += sign * fill.quantity
        expected[rules.quote] -= sign * fill.quantity * fill.price
        if fill.fee_asset in expected:
            expected[fill.fee_asset] -= fill.fee
        assert fill.fee > 0
    assert {asset: account.total(asset) for asset in expected} == expected


def test_c09_a_limit_order_rests_and_locks_its_worth(account: Account) -> None:
    price = account.exchange.get_current_price(account.symbol)
    request = account.request(BUY, SMALL, OrderType.LIMIT, limit=price * Decimal("0.9"))
    order = account.exchange.submit_order(request)
    assert (order.status, order.filled_quantity, order.average_price) == (OrderStatus.OPEN, ZERO, None)
    assert order.limit_price == request.limit_price
    assert request.limit_price is not None
    locked = account.exchange.get_balances()[account.rules.quote].used
    assert locked == request.quantity * request.limit_price
    for found in (account.exchange.get_open_orders(account.symbol), account.exchange.get_open_orders()):
        assert [entry.client_order_id for entry in found] == [request.client_order_id]
    looked_up = account.exchange.get_order(account.symbol, request.client_order_id)
    assert (looked_up.exchange_order_id, looked_up.status) == (order.exchange_order_id, OrderStatus.OPEN)
    assert account.exchange.get_fills(account.symbol, exchange_order_id=order.exchange_order_id) == []


def test_c10_cancelling_frees_what_was_locked(account: Account) -> None:
    price = account.exchange.get_current_price(account.symbol)
    before = account.exchange.get_balances()[account.rules.quote]
    request = account.request(BUY, SMALL, OrderType.LIMIT, limit=price * Decimal("0.9"))
    account.exchange.submit_order(request)
    order = account.exchange.cancel_order(account.symbol, request.client_order_id)
    assert (order.status, order.client_order_id) == (OrderStatus.CANCELED, request.client_order_id)
    assert account.exchange.get_balances()[account.rules.quote] == before
    assert account.exchange.get_open_orders(account.symbol) == []
    assert account.exchange.get_order(account.symbol, request.client_order_id).status is OrderStatus.CANCELED
    with pytest.raises(OrderNotFound):
        account.exchange.cancel_order(account.symbol, request.client_order_id)


def test_c11_an_order_that_never_was_is_not_found(account: Account) -> None:
    with pytest.raises(OrderNotFound):
        account.exchange.get_order(account.symbol, "f" * 32)
    with pytest.raises(OrderNotFound):
        account.exchange.cancel_order(account.symbol, "f" * 32)


def test_c12_a_limit_order_fills_at_its_price_when_the_market_gets_there(account: Account) -> None:
    price = account.exchange.get_current_price(account.symbol)
    request = account.request(BUY, SMALL, OrderType.LIMIT, limit=price * Decimal("0.98"))
    account.exchange.submit_order(request)
    account.let_the_price_go_to(Decimal("0.9"))
    order = account.exchange.get_order(account.symbol, request.client_order_id)
    assert (order.status, order.filled_quantity) == (OrderStatus.FILLED, request.quantity)
    assert (order.average_price or 0) <= (request.limit_price or 0)
    assert account.exchange.get_balances()[account.rules.quote].used == ZERO


def test_c13_a_stop_loss_rests_and_sells_when_the_price_falls(account: Account) -> None:
    require(account, "stop_loss_orders")
    held, price = buy(account)
    stop = account.rules.round_stop_price(price * Decimal("0.97"), SELL)
    placed = account.exchange.create_stop_loss_order(account.symbol, SELL, held, stop, client_order_id="a" * 32)
    assert (placed.status, placed.stop_price) == (OrderStatus.OPEN, stop)
    assert account.exchange.get_order(account.symbol, "a" * 32).status is OrderStatus.OPEN
    account.let_the_price_go_to(Decimal("0.965"))
    order = account.exchange.get_order(account.symbol, "a" * 32)
    assert (order.status, order.filled_quantity) == (OrderStatus.FILLED, held)


def test_c14_a_take_profit_rests_and_sells_when_the_price_rises(account: Account) -> None:
    require(account, "take_profit_orders")
    held, price = buy(account)
    stop = account.rules.round_stop_price(price * Decimal("1.03"), SELL)
    placed = account.exchange.create_take_profit_order(account.symbol, SELL, held, stop, client_order_id="b" * 32)
    assert placed.status is OrderStatus.OPEN
    account.let_the_price_go_to(Decimal("1.04"))
    order = account.exchange.get_order(account.symbol, "b" * 32)
    assert (order.status, order.filled_quantity) == (OrderStatus.FILLED, held)


def buy(account: Account) -> tuple[Decimal, Decimal]:
    """What can be sold of it afterwards, and at which price it was bought."""
    before = account.total(account.rules.base)
    order = account.exchange.submit_order(account.request(BUY, SMALL))
    assert order.average_price is not None
    return account.rules.round_quantity(account.total(account.rules.base) - before), order.average_price


def require(account: Account, capability: str) -> None:
    if not getattr(account.exchange.capabilities, capability):
        pytest.skip(f"{account.kind} does not declare {capability}")


# --- refusals
def test_c15_too_little_money_is_insufficient_funds_and_changes_nothing(account: Account) -> None:
    before = account.exchange.get_balances()
    rules, price = account.rules, account.exchange.get_current_price(account.symbol)
    affordable = rules.round_quantity(before[rules.quote].free / price)
    quantity = min(affordable * Decimal("1.1"), rules.max_quantity or affordable * 2)
    with pytest.raises(InsufficientFunds):
        account.exchange.submit_order(account.request(BUY, quantity, OrderType.LIMIT, limit=price))
    assert account.exchange.get_balances() == before


def test_c16_below_the_minimum_is_invalid_and_says_the_figure(account: Account) -> None:
    price = account.exchange.get_current_price(account.symbol)
    quantity = max(account.rules.min_notional / price / 2, account.rules.lot_step)
    with pytest.raises(InvalidOrder, match="minimum"):
        account.exchange.submit_order(account.request(BUY, quantity, OrderType.LIMIT, limit=price))


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
    monkeypatch.setattr(type(account.exchange), "capabilities", ExchangeCapabilities(spot_trading=True, order_types=()))
    monkeypatch.setattr(account.exchange, "base_url", "http://127.0.0.1:1")
    request = account.request(BUY, SMALL)
    for call in (
        lambda: account.exchange.submit_order(request),
        lambda: account.exchange.create_stop_loss_order(
            account.symbol, SELL, SMALL, Decimal(1), client_order_id="a" * 32
        ),
        lambda: account.exchange.get_candles(account.symbol, "7m"),
    ):
        with pytest.raises(NotSupported):
            call()


def test_c20_an_open_orders_id_cannot_be_used_twice(account: Account) -> None:
    """The second is not rejected: the first of that id may be the very order that was sent. Ask, do not assume."""
    price = account.exchange.get_current_price(account.symbol)
    request = account.request(BUY, SMALL, OrderType.LIMIT, limit=price * Decimal("0.9"))
    account.exchange.submit_order(request)
    with pytest.raises(OrderOutcomeUnknown):
        account.exchange.submit_order(request)
    assert len(account.exchange.get_open_orders(account.symbol)) == 1


# --- keys and connections
def test_c21_a_wrong_key_or_secret_is_refused(account: Account) -> None:
    if account.kind.is_paper:
        pytest.skip("a paper account has no key")
    for key, secret in ((account.face.api_key, "x" * 64), ("x" * 64, account.face.api_secret)):
        with (
            ExchangeFactory.create_exchange(account.kind.exchange, key, secret, testnet=False) as exchange,
            pytest.raises(AuthenticationError) as caught,
        ):
            exchange.get_balances()
        assert key not in str(caught.value)
        assert secret not in str(caught.value)


def test_c22_permissions_are_told_where_the_venue_tells_them(account: Account) -> None:
    permissions = account.exchange.get_key_permissions()
    assert (permissions.can_trade, permissions.can_withdraw) == (True, False)


def test_c23_a_venue_that_is_down_is_transient(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    request = account.request(BUY, SMALL)
    ExchangeFactory.override_url(account.kind.exchange, "live", "http://127.0.0.1:1")
    down = ExchangeFactory.create_exchange(account.kind.exchange, "k", "s", testnet=False)
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
    assert account.face.api_key not in shown
    assert account.face.api_secret not in shown
