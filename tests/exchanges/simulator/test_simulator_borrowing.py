"""Margin accounts that lend: borrowing, repayment, interest, limits, liquidation."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchanges.base import OrderStatus
from exchanges.simulator.history import MINUTE_MS
from exchanges.simulator.records import Account, PaymentKind
from exchanges.simulator.refusals import OrderRefused, Refusal
from exchanges.simulator.venue import Venue
from tests.exchanges.simulator.test_simulator_positions import prices, ways
from tests.exchanges.simulator.worlds import HOUR, START, STILL, D, make_venue, open_account, settle, spec

BTC = "BTC/USDT"
ASK = D("1000.05")


def margin(*candles: Any, name: str = "binance_margin") -> Venue:
    return make_venue(name, BTC=candles or (STILL,), ETH=(STILL,))


def no_fees(account: Account) -> Account:
    account.maker_fee = account.taker_fee = D(0)
    return account


def refusal(action: Any) -> Refusal:
    with pytest.raises(OrderRefused) as refused:
        action()
    return refused.value.refusal


# --- by hand


def test_what_is_borrowed_can_be_used_and_is_owed():
    at = margin()
    owner = open_account(at, USDT=1000)
    assert at.max_borrow(owner, "USDT") == 2000  # three times its own in all
    assert at.max_borrow(owner, "BTC") == 2
    at.borrow(owner, "BTC", D("0.5"))
    assert (owner.holding("BTC").free, owner.holding("BTC").borrowed) == (D("0.5"), D("0.5"))
    assert at.equity(owner) == 1000
    assert at.margin_level(owner) == 3
    assert at.max_borrow(owner, "USDT") == 1500
    assert refusal(lambda: at.borrow(owner, "BTC", D("1.6"))) is Refusal.CANNOT_BORROW
    assert refusal(lambda: at.borrow(owner, "SHIB", D(1))) is Refusal.CANNOT_BORROW


def test_debts_are_paid_back_interest_first_and_never_more_than_is_owed():
    at = margin()
    owner = open_account(at, USDT=1000, BTC=1)
    at.borrow(owner, "BTC", D("0.5"))
    at.settle(START + 2 * HOUR)
    interest = 2 * D("0.5") * D("0.0000017")
    assert owner.holding("BTC").interest == interest
    assert at.repay(owner, "BTC", D("0.1")) == D("0.1")
    assert (owner.holding("BTC").interest, owner.holding("BTC").borrowed) == (0, D("0.4") + interest)
    assert at.repay(owner, "BTC", D(1)) == D("0.4") + interest
    assert owner.holding("BTC").free == 1 - interest
    assert refusal(lambda: at.repay(owner, "BTC", D(1))) is Refusal.NOTHING_TO_REPAY
    assert at.margin_level(owner) == 999


def test_interest_comes_at_every_full_hour():
    at = margin()
    at.settle(START + HOUR // 2)
    owner = open_account(at, USDT=1000)
    at.borrow(owner, "USDT", D(500))
    at.settle(START + 3 * HOUR)
    noted = [(p.time_ms, p.amount, p.rate) for p in at.payments(owner) if p.kind is PaymentKind.INTEREST]
    rate = at.interest_rate("USDT")
    assert noted == [(START + hours * HOUR, -500 * rate, rate) for hours in (1, 2, 3)]
    assert owner.holding("USDT").free == 1500  # it adds to what is owed


def test_leverage_is_what_limits_borrowing():
    at = margin()
    owner = open_account(at, USDT=1000)
    at.set_leverage(owner, "", D(5))
    assert at.max_borrow(owner, "USDT") == 4000
    assert refusal(lambda: at.set_leverage(owner, "", D(20))) is Refusal.LEVERAGE_TOO_HIGH


def test_what_debts_need_cannot_be_moved_away():
    at = margin()
    owner = open_account(at, USDT=1000)
    assert at.max_transfer_out(owner, "USDT") == 1000
    at.borrow(owner, "USDT", D(500))
    assert at.max_transfer_out(owner, "USDT") == 500


# --- by orders


def test_an_order_borrows_what_it_misses_and_no_more():
    at = margin()
    owner = open_account(at, USDT=500)
    assert refusal(lambda: at.place(owner, spec(BTC, "BUY", "0.7"))) is Refusal.INSUFFICIENT_FUNDS
    at.place(owner, spec(BTC, "BUY", "0.7", borrow=True))
    assert owner.holding("USDT").borrowed == D("0.7") * ASK - 500
    assert owner.holding("USDT").free == 0
    assert refusal(lambda: at.place(owner, spec(BTC, "BUY", "2", borrow=True))) is Refusal.CANNOT_BORROW


def test_an_order_pays_back_with_what_it_brings():
    at = margin()
    owner = no_fees(open_account(at, USDT=500))
    at.place(owner, spec(BTC, "BUY", "0.7", borrow=True))
    at.settle(START + HOUR)
    owed = owner.holding("USDT").debt
    order = at.place(owner, spec(BTC, "SELL", "0.7", repay=True))
    assert owner.holding("USDT").debt == 0
    assert owner.holding("USDT").free == order.filled_quote - owed
    assert [p.kind for p in at.payments(owner)] == [PaymentKind.BORROW, PaymentKind.INTEREST, PaymentKind.REPAY]
    assert {p.order_id for p in at.payments(owner)} == {1, None, 2}


def test_a_short_sells_borrowed_coins_and_buys_them_back():
    at = margin(STILL, (1000, 1000, 900, 900))
    owner = no_fees(open_account(at, USDT=1000))
    sold = at.place(owner, spec(BTC, "SELL", "0.5", borrow=True))
    settle(at, 2)
    bought = at.place(owner, spec(BTC, "BUY", "0.5", repay=True))
    assert owner.holding("BTC").net == 0
    assert owner.holding("USDT").free == 1000 + sold.filled_quote - bought.filled_quote


def test_what_a_canceled_order_has_borrowed_goes_back():
    at = margin()
    owner = open_account(at, USDT=500)
    order = at.place(owner, spec(BTC, "BUY", "0.7", type="LIMIT", limit_price=900, borrow=True))
    assert (order.borrowed, owner.holding("USDT").borrowed) == (130, 130)
    at.cancel(order)
    assert (owner.holding("USDT").borrowed, owner.holding("USDT").free) == (0, 500)


# --- isolated


def test_an_isolated_account_is_one_owners_for_one_market():
    at = margin(name="binance_isolated")
    owner = open_account(at)
    btc, eth = at.isolated_account(owner, BTC), at.isolated_account(owner, "ETH/USDT")
    assert at.isolated_account(owner, BTC) is btc
    assert at.isolated_accounts(owner) == [btc, eth]
    at.deposit(btc, "USDT", D(1000))
    assert at.max_borrow(btc, "BTC") == 4
    assert at.max_borrow(btc, "ETH") == 0
    assert at.max_borrow(eth, "ETH") == 0
    at.place(btc, spec(BTC, "BUY", "2", borrow=True))
    assert at.debts_worth(btc) > 0 == at.debts_worth(eth)


# --- liquidation


def test_an_account_is_liquidated_where_its_assets_hardly_cover_its_debts():
    at = margin(STILL, (1000, 1000, 650, 650))
    owner = no_fees(open_account(at, USDT=1000))
    at.place(owner, spec(BTC, "BUY", "2.5", borrow=True))
    rest = at.place(owner, spec(BTC, "SELL", "0.5", type="LIMIT", limit_price=1100))
    level = at.liquidation_price(owner, BTC)
    assert level is not None
    debts = at.debts_worth(owner)
    assert abs(level * D("2.5") - debts * D("1.1")) < D("1e-20")
    settle(at, 1.2)
    assert owner.holding("USDT").debt > 0
    settle(at, 3)
    assert rest.status is OrderStatus.CANCELED
    assert at.debts_worth(owner) == 0
    assert owner.holding("BTC").free == 0
    assert any(order.is_liquidation for order in at.orders(owner, BTC))
    assert owner.holding("USDT").free >= 0


def test_a_short_that_goes_wrong_is_bought_back_and_the_venue_bears_the_rest():
    at = margin()
    owner = open_account(at, USDT=1000)
    at.place(owner, spec(BTC, "SELL", 2, borrow=True))
    at.markets[BTC].force_price(START, at.markets[BTC].ticks(D(3000)))
    at.price_jumped(BTC)
    assert all(holding.debt == 0 and holding.free >= 0 for holding in owner.holdings.values())
    assert PaymentKind.INSURANCE in [payment.kind for payment in at.payments(owner)]


# --- nothing is made or lost


@st.composite
def any_order(draw: st.DrawFn) -> Any:
    kind = draw(st.sampled_from(["MARKET", "LIMIT", "STOP_LOSS", "TAKE_PROFIT_LIMIT"]))
    values: dict[str, Any] = {"type": kind, "borrow": draw(st.booleans()), "repay": draw(st.booleans())}
    if "LIMIT" in kind:
        values["limit_price"] = draw(prices)
    if kind not in ("MARKET", "LIMIT"):
        values["stop_price"] = draw(prices)
    quantity = D(draw(st.integers(100, 300_000))) / 100_000
    return spec(BTC, draw(st.sampled_from(["BUY", "SELL"])), quantity, **values)


def check(at: Venue, owner: Account) -> None:
    totals: dict[str, Decimal] = dict(owner.deposits)
    debts: dict[str, Decimal] = {}
    for fill in at.fills(owner, BTC):
        sign = 1 if fill.side == "BUY" else -1
        for asset, amount in (
            ("BTC", sign * fill.quantity),
            ("USDT", -sign * fill.quote_quantity),
            (fill.fee_asset, -fill.fee),
        ):
            totals[asset] = totals.get(asset, D(0)) + amount
    for payment in at.payments(owner):
        asset = payment.asset
        if payment.kind is not PaymentKind.INTEREST:
            totals[asset] = totals.get(asset, D(0)) + payment.amount
        if payment.kind in (PaymentKind.BORROW, PaymentKind.REPAY):
            debts[asset] = debts.get(asset, D(0)) + payment.amount
        if payment.kind is PaymentKind.INTEREST:
            debts[asset] = debts.get(asset, D(0)) - payment.amount
    for asset, holding in owner.holdings.items():
        assert holding.total == totals.get(asset, D(0))
        assert holding.debt == debts.get(asset, D(0))
        assert min(holding.free, holding.locked, holding.borrowed, holding.interest) >= 0


@settings(max_examples=60, deadline=None)
@given(ways(), st.lists(any_order(), max_size=6), st.data())
def test_no_unit_is_made_or_lost_and_every_debt_is_accounted_for(way, orders, data):
    at = margin(*way)
    owner = open_account(at, USDT=1000, BTC="0.5")
    for order in orders:
        try:
            at.place(owner, order)
        except OrderRefused:
            continue
        check(at, owner)
        at.settle(at.settled_ms + data.draw(st.integers(0, MINUTE_MS)))
        check(at, owner)
    at.settle(START + 5 * HOUR)
    check(at, owner)
