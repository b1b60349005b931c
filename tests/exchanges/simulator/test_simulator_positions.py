"""Positions: margin, profit and loss, funding, liquidation; of futures and of Kraken's margin orders."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchanges.base import MarginMode, OrderStatus
from exchanges.simulator.history import MINUTE_MS
from exchanges.simulator.records import Account, PaymentKind, PositionRecord, from_json, to_json
from exchanges.simulator.refusals import OrderRefused, Refusal
from exchanges.simulator.rules import VENUES
from exchanges.simulator.venue import Venue
from tests.exchanges.simulator.worlds import HOUR, START, STILL, D, make_venue, open_account, settle, spec

BTC, ETH = "BTC/USDT", "ETH/USDT"
ASK, BID = D("1000.1"), D("999.9")  # around 1000


def futures(*candles: Any, eth: Any = None) -> Venue:
    way = {"BTC": candles or (STILL,)}
    if eth is not None:
        way["ETH"] = eth
    return make_venue("binance_futures", **way)


def no_fees(account: Account) -> Account:
    account.maker_fee = account.taker_fee = D(0)
    return account


def wallet(at: Venue, owner: Account) -> Decimal:
    return at.wallet(owner)


def expected_wallet(at: Venue, owner: Account) -> Decimal:
    """Deposits, what fills realised less their fees, and what was paid for holding."""
    fills = [fill for symbol in at.markets for fill in at.fills(owner, symbol)]
    settles_in = at.rules.settle_asset
    total = owner.deposits.get(settles_in, D(0))
    total += sum((fill.realised_pnl - fill.fee for fill in fills), D(0))
    return total + sum((payment.amount for payment in at.payments(owner)), D(0))


# --- opening and closing


def test_a_position_opens_at_its_entry_price_and_costs_only_the_fee():
    at = futures()
    owner = open_account(at, USDT=5000)
    order = at.place(owner, spec(BTC, "BUY", 2))
    position = at.position(owner, BTC)
    assert order.status is OrderStatus.FILLED
    assert position is not None
    # Level size is 0.8, so two coins come from three levels.
    assert position.quantity == 2
    assert position.cost == sum(f.price * f.quantity for f in at.fills(owner, BTC))
    fees = sum(f.fee for f in at.fills(owner, BTC))
    assert fees == sum((f.price * f.quantity * D("0.0005") for f in at.fills(owner, BTC)), D(0))
    assert wallet(at, owner) == 5000 - fees
    assert at.equity(owner) == wallet(at, owner) + 2000 - position.cost


def test_a_short_position_gains_when_the_price_falls():
    at = futures(STILL, (1000, 1000, 900, 900))
    owner = no_fees(open_account(at, USDT=5000))
    at.place(owner, spec(BTC, "SELL", "0.5"))
    settle(at, 2)
    position = at.position(owner, BTC)
    assert position is not None
    assert (position.quantity, position.entry_price) == (D("-0.5"), BID)
    assert at.unrealised_pnl(position) == (BID - 900) / 2
    at.place(owner, spec(BTC, "BUY", "0.5", reduce_only=True))
    assert at.position(owner, BTC) is None
    (opened, closed) = at.fills(owner, BTC)
    assert opened.realised_pnl == 0
    assert closed.realised_pnl == (BID - closed.price) / 2
    assert wallet(at, owner) == 5000 + closed.realised_pnl


def test_a_part_that_closes_takes_its_share_of_the_cost_along_to_the_last_decimal():
    at = futures()
    owner = no_fees(open_account(at, USDT=5000))
    at.place(owner, spec(BTC, "BUY", "1.5"))  # 0.8 at 1000.1 and 0.7 at 1000.2
    cost = D("0.8") * ASK + D("0.7") * D("1000.2")
    at.place(owner, spec(BTC, "SELL", "0.7"))
    part = (cost * 7 / 15).quantize(D("1e-8"))
    position = at.position(owner, BTC)
    assert position is not None
    assert at.fills(owner, BTC)[-1].realised_pnl == D("0.7") * BID - part
    assert position.cost == cost - part


def test_a_larger_order_turns_the_position_around():
    at = futures()
    owner = no_fees(open_account(at, USDT=5000))
    at.place(owner, spec(BTC, "BUY", "0.3"))
    at.place(owner, spec(BTC, "SELL", "0.5"))
    position = at.position(owner, BTC)
    assert position is not None
    assert (position.quantity, position.entry_price, position.number) == (D("-0.2"), BID, 2)
    assert at.fills(owner, BTC)[1].realised_pnl == D("0.3") * (BID - ASK)


def test_reduce_only_never_opens_and_never_turns_around():
    at = futures()
    owner = open_account(at, USDT=5000)
    with pytest.raises(OrderRefused) as refused:
        at.place(owner, spec(BTC, "SELL", 1, reduce_only=True))
    assert refused.value.refusal is Refusal.WOULD_NOT_REDUCE
    at.place(owner, spec(BTC, "BUY", "0.3"))
    with pytest.raises(OrderRefused):
        at.place(owner, spec(BTC, "BUY", "0.3", reduce_only=True))
    order = at.place(owner, spec(BTC, "SELL", 1, reduce_only=True))
    assert (order.status, order.filled_quantity) == (OrderStatus.EXPIRED, D("0.3"))
    assert at.position(owner, BTC) is None


def test_resting_reduce_only_orders_are_over_with_the_position_and_stops_when_they_trigger():
    at = futures(STILL, STILL, (1000, 1000, 850, 850))
    owner = open_account(at, USDT=5000)
    at.place(owner, spec(BTC, "BUY", "0.3"))
    exit_ = at.place(owner, spec(BTC, "SELL", "0.3", type="LIMIT", limit_price=1100, reduce_only=True))
    stop = at.place(owner, spec(BTC, "SELL", "0.3", type="STOP_LOSS", stop_price=900, reduce_only=True))
    at.place(owner, spec(BTC, "SELL", "0.3"))
    assert (exit_.status, exit_.filled_quantity) == (OrderStatus.EXPIRED, 0)
    assert stop.is_open
    settle(at, 4)
    assert (stop.status, stop.filled_quantity) == (OrderStatus.EXPIRED, 0)
    assert at.position(owner, BTC) is None


# --- margin


def test_orders_need_margin_by_leverage():
    at = futures()
    owner = no_fees(open_account(at, USDT=100))
    at.set_leverage(owner, BTC, D(10))
    with pytest.raises(OrderRefused) as refused:
        at.place(owner, spec(BTC, "BUY", "1.1"))
    assert refused.value.refusal is Refusal.INSUFFICIENT_FUNDS
    at.place(owner, spec(BTC, "BUY", "0.7"))
    position = at.position(owner, BTC)
    assert position is not None
    assert at.initial_margin(position) == 70
    assert at.available_margin(owner) == 100 - 70 - D("0.7") * (ASK - 1000)


def test_a_resting_order_reserves_margin_until_it_is_canceled():
    at = futures()
    owner = no_fees(open_account(at, USDT=100))
    at.set_leverage(owner, BTC, D(5))
    order = at.place(owner, spec(BTC, "BUY", "0.5", type="LIMIT", limit_price=900))
    assert at.order_margin(owner) == 90
    assert at.available_margin(owner) == 10
    with pytest.raises(OrderRefused):
        at.place(owner, spec(BTC, "BUY", "0.5", type="LIMIT", limit_price=900))
    at.cancel(order)
    assert at.available_margin(owner) == 100


def test_an_order_that_closes_needs_no_margin():
    at = futures()
    owner = no_fees(open_account(at, USDT=101))
    at.set_leverage(owner, BTC, D(10))
    at.place(owner, spec(BTC, "BUY", "1"))
    assert at.available_margin(owner) < 1
    at.place(owner, spec(BTC, "SELL", "1.5", type="LIMIT", limit_price=1001))  # the margin set free pays the rest
    at.place(owner, spec(BTC, "SELL", "1"))
    assert at.position(owner, BTC) is None


def test_leverage_is_limited_and_kept_per_symbol():
    at = futures(STILL, eth=(STILL,))
    owner = open_account(at, USDT=1000)
    assert at.leverage(owner, BTC) == 20
    at.set_leverage(owner, BTC, D(3))
    assert (at.leverage(owner, BTC), at.leverage(owner, ETH)) == (3, 20)
    for wrong in (0, 126):
        with pytest.raises(OrderRefused) as refused:
            at.set_leverage(owner, BTC, D(wrong))
        assert refused.value.refusal is Refusal.LEVERAGE_TOO_HIGH


def test_leverage_of_an_open_position_changes_as_far_as_its_margin_allows():
    at = futures()
    owner = no_fees(open_account(at, USDT=300))
    at.place(owner, spec(BTC, "BUY", "1"))
    at.set_leverage(owner, BTC, D(4))
    position = at.position(owner, BTC)
    assert position is not None
    assert at.initial_margin(position) == 250
    with pytest.raises(OrderRefused) as refused:
        at.set_leverage(owner, BTC, D(3))
    assert refused.value.refusal is Refusal.INSUFFICIENT_FUNDS


def test_the_margin_mode_is_locked_while_there_are_orders_or_a_position():
    at = futures()
    owner = open_account(at, USDT=1000)
    order = at.place(owner, spec(BTC, "BUY", "0.1", type="LIMIT", limit_price=900))
    with pytest.raises(OrderRefused) as refused:
        at.set_margin_mode(owner, BTC, MarginMode.ISOLATED)
    assert refused.value.refusal is Refusal.MARGIN_MODE_LOCKED
    at.set_margin_mode(owner, BTC, MarginMode.CROSS)  # it is that already
    at.cancel(order)
    at.set_margin_mode(owner, BTC, MarginMode.ISOLATED)
    at.place(owner, spec(BTC, "BUY", "0.1"))
    position = at.position(owner, BTC)
    assert position is not None
    assert position.margin_mode is MarginMode.ISOLATED
    assert position.isolated_margin == D("0.1") * ASK / 20


# --- funding


def test_funding_is_paid_every_eight_hours_at_the_rate_told_before():
    at = futures()
    owner = no_fees(open_account(at, USDT=5000))
    at.place(owner, spec(BTC, "BUY", "0.5"))
    rates = [at.funding_rate(BTC, START + hours * HOUR) for hours in (8, 16)]
    assert at.funding_rate(BTC) == at.funding_rate(BTC, START)
    assert at.funding_times(START, START + 20 * HOUR) == [START + 8 * HOUR, START + 16 * HOUR]
    at.settle(START + 20 * HOUR)
    payments = at.payments(owner, BTC)
    assert [(p.kind, p.amount, p.time_ms, p.rate) for p in payments] == [
        (PaymentKind.FUNDING, -500 * rate, START + hours * HOUR, rate)
        for rate, hours in zip(rates, (8, 16), strict=True)
    ]
    assert wallet(at, owner) == 5000 - 500 * sum(rates)
    position = at.position(owner, BTC)
    assert position is not None
    assert position.funding == -500 * sum(rates)


def test_shorts_receive_what_longs_pay_and_the_rate_can_be_set():
    at = futures()
    long, short = (no_fees(open_account(at, USDT=5000)) for _ in range(2))
    at.place(long, spec(BTC, "BUY", "0.5"))
    at.place(short, spec(BTC, "SELL", "0.5"))
    at.force_funding_rate(BTC, D("0.001"))
    at.settle(START + 8 * HOUR)
    assert [at.payments(owner)[0].amount for owner in (long, short)] == [D("-0.5"), D("0.5")]


def test_a_position_that_comes_from_a_resting_order_pays_from_then_on():
    at = futures(STILL, (1000, 1000, 990, 1000))
    owner = no_fees(open_account(at, USDT=5000))
    at.force_funding_rate(BTC, D("0.001"))
    at.place(owner, spec(BTC, "BUY", "0.5", type="LIMIT", limit_price=995))
    at.settle(START + 9 * HOUR)
    assert [p.amount for p in at.payments(owner)] == [D("-0.5")]


def test_funding_of_an_isolated_position_comes_out_of_its_own_margin():
    at = futures()
    owner = no_fees(open_account(at, USDT=5000))
    at.set_margin_mode(owner, BTC, MarginMode.ISOLATED)
    at.place(owner, spec(BTC, "BUY", "0.5"))
    before, level = at.available_margin(owner), at.liquidation_price(owner, BTC)
    at.force_funding_rate(BTC, D("0.01"))
    at.settle(START + 8 * HOUR)
    position = at.position(owner, BTC)
    assert position is not None
    assert position.isolated_margin == D("0.5") * ASK / 20 - 5
    assert at.available_margin(owner) == before
    assert (at.liquidation_price(owner, BTC) or D(0)) > (level or D(0))


# --- liquidation


def test_a_cross_position_is_liquidated_where_equity_meets_maintenance():
    at = futures(STILL, (1000, 1000, 800, 800))
    owner = no_fees(open_account(at, USDT=100))
    at.place(owner, spec(BTC, "BUY", "0.8"))
    level = at.liquidation_price(owner, BTC)
    assert level is not None
    position = at.position(owner, BTC)
    assert position is not None
    assert abs(100 + D("0.8") * level - position.cost - D("0.004") * D("0.8") * level) < D("1e-20")
    settle(at, 2)
    assert at.position(owner, BTC) is None
    (order,) = [o for o in at.orders(owner, BTC) if o.is_liquidation]
    assert order.status is OrderStatus.FILLED
    fill = at.fills_of(order)[0]
    assert abs(fill.price - level) < D("0.2")
    assert START + MINUTE_MS < fill.time_ms < START + 2 * MINUTE_MS
    fee, *_ = at.payments(owner)
    assert fee.kind is PaymentKind.LIQUIDATION_FEE
    assert 0 <= wallet(at, owner) == expected_wallet(at, owner)


def test_what_fills_on_the_way_moves_the_liquidation_price_of_the_same_move():
    at = futures(STILL, (1000, 1000, 800, 800))
    owner = no_fees(open_account(at, USDT=100))
    at.place(owner, spec(BTC, "BUY", "0.4"))
    at.place(owner, spec(BTC, "BUY", "0.8", type="LIMIT", limit_price=970))
    alone = at.liquidation_price(owner, BTC)
    settle(at, 2)
    (order,) = [o for o in at.orders(owner, BTC) if o.is_liquidation]
    assert order.quantity == D("1.2")
    assert alone is not None
    assert at.fills_of(order)[0].price > alone + 100


def test_a_stop_before_the_liquidation_price_saves_the_position():
    at = futures(STILL, (1000, 1000, 800, 800))
    owner = no_fees(open_account(at, USDT=100))
    at.place(owner, spec(BTC, "BUY", "0.8"))
    stop = at.place(owner, spec(BTC, "SELL", "0.8", type="STOP_LOSS", stop_price=950, reduce_only=True))
    settle(at, 2)
    assert stop.status is OrderStatus.FILLED
    assert not any(order.is_liquidation for order in at.orders(owner, BTC))


def test_an_isolated_position_can_lose_no_more_than_its_margin():
    at = futures(STILL)
    owner = no_fees(open_account(at, USDT=1000))
    at.set_margin_mode(owner, BTC, MarginMode.ISOLATED)
    at.place(owner, spec(BTC, "BUY", "0.8"))
    margin = D("0.8") * ASK / 20
    at.markets[BTC].force_price(START, at.markets[BTC].ticks(D(500)))  # a gap far beyond
    at.price_jumped(BTC)
    assert at.position(owner, BTC) is None
    assert wallet(at, owner) == 1000 - margin
    assert [p.kind for p in at.payments(owner)] == [PaymentKind.INSURANCE]


def test_nobody_ends_below_zero_and_orders_go_with_the_account():
    at = futures(STILL, eth=(STILL,))
    owner = open_account(at, USDT=100)
    at.place(owner, spec(BTC, "BUY", "0.8"))
    at.place(owner, spec(ETH, "SELL", "0.2"))
    order = at.place(owner, spec(ETH, "BUY", "0.1", type="LIMIT", limit_price=900))
    at.markets[BTC].force_price(START, at.markets[BTC].ticks(D(500)))
    at.price_jumped(BTC)
    assert at.positions(owner) == []
    assert order.status is OrderStatus.CANCELED
    assert wallet(at, owner) == 0 == expected_wallet(at, owner)
    assert at.order_margin(owner) == 0


def test_two_cross_positions_stand_for_each_other():
    at = futures(
        (1000, 1000, 1000, 1000), (1000, 1000, 850, 850), eth=((1000, 1000, 1000, 1000), (1000, 1000, 850, 850))
    )
    owner = no_fees(open_account(at, USDT=100))
    at.place(owner, spec(BTC, "BUY", "0.8"))
    at.place(owner, spec(ETH, "SELL", "0.8"))
    settle(at, 3)
    assert len(at.positions(owner)) == 2  # what one lost the other gained
    assert at.equity(owner) == 100 - D("0.8") * D("0.15")  # only the spreads are lost


def test_several_cross_positions_are_liquidated_together_at_a_corner_of_the_way():
    at = futures(STILL, (1000, 1000, 940, 940), eth=(STILL, (1000, 1000, 940, 940)))
    owner = no_fees(open_account(at, USDT=100))
    at.place(owner, spec(BTC, "BUY", "0.8"))
    at.place(owner, spec(ETH, "BUY", "0.8"))
    settle(at, 3)
    assert at.positions(owner) == []
    assert {order.created_ms for order in at.orders(owner, BTC) if order.is_liquidation} == {START + 100_000}


# --- trailing stops


def test_a_trailing_stop_closes_the_position_once_the_price_has_turned():
    at = futures(STILL, (1000, 1100, 1000, 1100), (1100, 1100, 1000, 1000))
    owner = no_fees(open_account(at, USDT=5000))
    at.place(owner, spec(BTC, "BUY", "0.5"))
    stop = at.place(owner, spec(BTC, "SELL", "0.5", type="TRAILING_STOP", trailing_pct=2, reduce_only=True))
    assert (stop.best_price, stop.trigger_price) == (1000, 980)
    settle(at, 1.5)
    assert 1000 < stop.best_price < 1100
    settle(at, 2)
    assert (stop.best_price, stop.trigger_price, stop.is_open) == (1100, 1078, True)
    assert stop.updated_ms == START  # nothing that a client would be told
    settle(at, 4)
    assert stop.status is OrderStatus.FILLED
    assert at.fills_of(stop)[0].price == D("1077.9")
    assert at.position(owner, BTC) is None


# --- Kraken: spot and positions in one account


def kraken(*candles: Any) -> Venue:
    return make_venue("kraken", BTC=candles or (STILL,))


def test_an_order_with_leverage_trades_a_position_and_one_without_trades_coins():
    at = kraken()
    owner = open_account(at, USD=1000)
    at.place(owner, spec("BTC/USD", "BUY", "0.1"))
    at.place(owner, spec("BTC/USD", "BUY", "0.5", leverage=5))
    position = at.position(owner, "BTC/USD")
    assert position is not None
    assert (position.quantity, position.leverage) == (D("0.5"), 5)
    assert owner.holding("BTC").free == D("0.1")
    spot, margin = at.fills(owner, "BTC/USD")
    assert (spot.fee_asset, margin.fee_asset) == ("USD", "USD")
    opening = at.payments(owner)[0]
    assert (opening.kind, opening.amount) == (PaymentKind.OPENING, -margin.quote_quantity * D("0.0002"))
    assert owner.holding("USD").free == 1000 - spot.quote_quantity - spot.fee - margin.fee + opening.amount
    assert at.initial_margin(position) == margin.quote_quantity / 5


def test_coins_cannot_be_bought_with_money_that_stands_behind_a_position():
    at = kraken()
    owner = open_account(at, USD=1000)
    at.place(owner, spec("BTC/USD", "BUY", "2", leverage=5))
    with pytest.raises(OrderRefused) as refused:
        at.place(owner, spec("BTC/USD", "BUY", "0.9"))
    assert refused.value.refusal is Refusal.INSUFFICIENT_FUNDS


def test_a_margin_position_costs_rollover_every_four_hours_from_its_opening():
    at = kraken(STILL, STILL, (1000, 1000, 990, 1000))
    owner = open_account(at, USD=1000)
    order = at.place(owner, spec("BTC/USD", "BUY", "0.5", type="LIMIT", limit_price=995, leverage=2))
    at.settle(START + 9 * HOUR)
    position = at.position(owner, "BTC/USD")
    assert position is not None
    rollovers = [p for p in at.payments(owner) if p.kind is PaymentKind.ROLLOVER]
    assert [p.time_ms for p in rollovers] == [position.opened_ms + 4 * HOUR, position.opened_ms + 8 * HOUR]
    assert {p.amount for p in rollovers} == {-position.cost * D("0.0002")}
    assert position.opened_ms == order.updated_ms


def test_a_margin_position_is_closed_at_forty_per_cent_of_its_margin():
    at = kraken(STILL, (1000, 1000, 500, 500))
    owner = no_fees(open_account(at, USD=1000))
    at.place(owner, spec("BTC/USD", "BUY", "4", leverage=5))
    level = at.liquidation_price(owner, "BTC/USD")
    position = at.position(owner, "BTC/USD")
    assert level is not None
    assert position is not None
    assert at.wallet(owner) + 4 * level - position.cost == at.initial_margin(position) * D("0.4")
    settle(at, 3)
    assert at.positions(owner) == []


def test_an_order_beyond_the_markets_leverage_is_refused():
    at = kraken()
    owner = open_account(at, USD=1000)
    with pytest.raises(OrderRefused) as refused:
        at.place(owner, spec("BTC/USD", "BUY", "0.1", leverage=6))
    assert refused.value.refusal is Refusal.LEVERAGE_TOO_HIGH


# --- nothing is made or lost

prices = st.integers(900, 1100)


@st.composite
def ways(draw: st.DrawFn) -> list[Any]:
    candles = []
    opened = 1000
    for _ in range(draw(st.integers(1, 5))):
        values = [opened, *draw(st.lists(prices, min_size=3, max_size=3))]
        candles.append((opened, max(values), min(values), values[-1]))
        opened = values[-1]
    return candles


@st.composite
def any_order(draw: st.DrawFn, symbol: str) -> Any:
    kinds = ["MARKET", "LIMIT", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TRAILING_STOP"]
    kind = draw(st.sampled_from(kinds))
    values: dict[str, Any] = {"type": kind, "reduce_only": draw(st.booleans())}
    if "LIMIT" in kind:
        values["limit_price"] = draw(prices)
    if kind == "TRAILING_STOP":
        values["trailing_pct"] = draw(st.sampled_from(["0.5", "1", "3"]))
    elif kind not in ("MARKET", "LIMIT"):
        values["stop_price"] = draw(prices)
    quantity = D(draw(st.integers(1, 3000))) / 1000
    return spec(symbol, draw(st.sampled_from(["BUY", "SELL"])), quantity, **values)


def check(at: Venue, owner: Account, deposited: Decimal) -> None:
    fills = [fill for symbol in at.markets for fill in at.fills(owner, symbol)]
    assert at.wallet(owner) == expected_wallet(at, owner)
    # The same counted in another way: what was bought and sold, and what open positions cost.
    moved = sum((f.quote_quantity if f.side == "SELL" else -f.quote_quantity for f in fills), D(0))
    invested = sum((p.cost for p in at.positions(owner)), D(0))
    paid = sum((p.amount for p in at.payments(owner)), D(0))
    assert at.wallet(owner) == deposited + moved + invested - sum((f.fee for f in fills), D(0)) + paid
    for symbol in at.markets:
        position = at.position(owner, symbol)
        held = sum((f.quantity if f.side == "BUY" else -f.quantity for f in at.fills(owner, symbol)), D(0))
        assert (position.quantity if position else 0) == held
        for order in at.orders(owner, symbol):
            assert 0 <= order.filled_quantity <= order.quantity
            assert order.filled_quantity == sum(fill.quantity for fill in at.fills_of(order))
            assert order.is_open or order.locked == 0
            assert order.locked >= 0
    if not at.positions(owner):
        assert at.wallet(owner) >= 0


@settings(max_examples=60, deadline=None)
@given(ways(), ways(), st.lists(st.one_of(any_order(BTC), any_order(ETH)), max_size=8), st.booleans(), st.data())
def test_money_is_conserved_to_the_last_digit(btc, eth, orders, is_isolated, data):
    at = futures(*btc, eth=eth)
    owner = open_account(at, USDT=300)
    if is_isolated:
        at.set_margin_mode(owner, BTC, MarginMode.ISOLATED)
    at.place(owner, spec(BTC, data.draw(st.sampled_from(["BUY", "SELL"])), "1"))
    for order in orders:
        try:
            at.place(owner, order)
        except OrderRefused:
            continue
        check(at, owner, D(300))
        at.settle(at.settled_ms + data.draw(st.integers(0, 60_000)))
        check(at, owner, D(300))
    at.settle(START + 17 * HOUR)
    check(at, owner, D(300))


@settings(max_examples=40, deadline=None)
@given(ways(), st.lists(any_order(BTC), max_size=5), st.lists(st.integers(0, 6 * MINUTE_MS), max_size=8))
def test_looking_often_changes_no_position(way, orders, looks):
    once, often = futures(*way), futures(*way)
    owners = [open_account(at, USDT=300) for at in (once, often)]
    for at, owner in zip((once, often), owners, strict=True):
        for order in orders:
            try:
                at.place(owner, order)
            except OrderRefused:
                continue
    for offset in sorted(looks):
        often.settle(START + offset)
    for at in (once, often):
        at.settle(START + 9 * HOUR)

    def facts(at: Venue, owner: Account) -> Any:
        fills = [(f.price, f.quantity, f.realised_pnl) for f in at.fills(owner, BTC)]
        return at.wallet(owner), fills, [order.status for order in at.orders(owner, BTC)]

    assert facts(once, owners[0]) == facts(often, owners[1])


def test_a_position_survives_being_written_down():
    at = futures()
    owner = open_account(at, USDT=5000)
    at.place(owner, spec(BTC, "BUY", "0.5"))
    at.settle(START + 9 * HOUR)
    position, (payment,) = at.position(owner, BTC), at.payments(owner)
    assert from_json(PositionRecord, to_json(position)) == position
    assert from_json(type(payment), to_json(payment)) == payment
    assert from_json(Account, to_json(owner)) == owner


def test_rules_of_a_venue_are_what_its_settlement_goes_by():
    free = replace(VENUES["binance_futures"], taker_fee=D(0), maker_fee=D(0))
    at = make_venue("binance_futures", free, BTC=[STILL])
    owner = open_account(at, USDT=5000)
    at.place(owner, spec(BTC, "BUY", "0.5"))
    assert at.wallet(owner) == 5000
