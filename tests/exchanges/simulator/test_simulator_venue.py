"""The venue's books: funds, fills and what the way of the price does to resting orders."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot_sdk.candles import MINUTES_PER_DAY
from exchanges.base import OrderStatus, OrderType, Side
from exchanges.simulator.history import MINUTE_MS, flat
from exchanges.simulator.listings import SPOT_LISTINGS
from exchanges.simulator.market import Market
from exchanges.simulator.records import (
    Account,
    Fill,
    Order,
    OrderSpec,
    TimeInForce,
    from_json,
    to_json,
)
from exchanges.simulator.venue import OrderRefused, Refusal, Venue

D = Decimal
BTC, BNB = SPOT_LISTINGS["BTC/USDT"], SPOT_LISTINGS["BNB/USDT"]
START_MINUTE = 20_000 * MINUTES_PER_DAY
START = START_MINUTE * MINUTE_MS
Candle = tuple[float, float, float, float]


class Script:
    """A history of a few minutes, given as (open, high, low, close); after them the price stands still."""

    first_minute = START_MINUTE - MINUTES_PER_DAY

    def __init__(self, *candles: Candle) -> None:
        self._rows = np.array([[round(price * 100) for price in candle] + [1000] for candle in candles])

    def day(self, day: int) -> np.ndarray:
        rows = np.tile(flat(int(self._rows[-1, 3])), (MINUTES_PER_DAY, 1))
        if day < 20_000:
            rows[:] = flat(int(self._rows[0, 0]))
        elif day == 20_000:
            rows[: len(self._rows)] = self._rows
        return rows


def venue(*candles: Candle, bnb: tuple[Candle, ...] = ((500, 500, 500, 500),)) -> Venue:
    """BTC/USDT and BNB/USDT move as told."""
    markets = {"BTC/USDT": Market(BTC, Script(*candles)), "BNB/USDT": Market(BNB, Script(*bnb))}
    return Venue("test", markets, START)


def account(at: Venue, **balances: object) -> Account:
    return at.open_account("someone", {asset: D(str(amount)) for asset, amount in balances.items()})


def spec(side: str, quantity: object = 1, **values: Any) -> OrderSpec:
    order_type = OrderType(values.pop("type", "MARKET"))
    for name in ("limit_price", "stop_price", "quote_quantity"):
        if name in values:
            values[name] = D(str(values[name]))
    return OrderSpec("BTC/USDT", Side(side), order_type, "id", quantity=D(str(quantity)), **values)


def holdings(owner: Account) -> dict[str, tuple[Decimal, Decimal]]:
    return {asset: (holding.free, holding.locked) for asset, holding in owner.holdings.items()}


def settle(at: Venue, minutes: float) -> None:
    at.settle(START + int(minutes * MINUTE_MS))


STILL = (1000, 1000, 1000, 1000)


# --- funds


def test_a_market_buy_moves_money_and_takes_its_fee_from_what_was_bought():
    at = venue(STILL)
    owner = account(at, USDT=5000)
    order = at.place(owner, spec("BUY", "0.5"))
    ask = D("1000.05")
    assert order.status is OrderStatus.FILLED
    assert holdings(owner) == {
        "USDT": (5000 - ask / 2, 0),
        "BTC": (D("0.5") - D("0.0005"), 0),
    }


def test_a_market_sell_takes_its_fee_from_the_proceeds():
    at = venue(STILL)
    owner = account(at, BTC=1)
    at.place(owner, spec("SELL", "0.5"))
    proceeds = D("999.95") / 2
    assert holdings(owner)["USDT"] == (proceeds - (proceeds / 1000).quantize(D("1e-8")), 0)


def test_fees_come_in_bnb_at_a_discount_where_the_account_wants_it_and_has_some():
    at = venue(STILL)
    owner = at.open_account("someone", {"USDT": D(5000), "BNB": D("0.001")}, pays_fees_in_bnb=True)
    at.place(owner, spec("BUY", "0.5"))  # 500.025 * 0.001 * 0.75 / 500
    at.place(owner, spec("BUY", "0.5"))  # not enough BNB left for this one
    first, second = at.fills(owner, "BTC/USDT")
    assert (first.fee, first.fee_asset) == (D("0.00075004"), "BNB")
    assert (second.fee, second.fee_asset) == (D("0.0005"), "BTC")
    assert holdings(owner)["BNB"] == (D("0.00024996"), 0)


def test_a_resting_buy_locks_its_cost_and_a_resting_sell_its_quantity():
    at = venue(STILL)
    owner = account(at, USDT=5000, BTC=2)
    buy = at.place(owner, spec("BUY", 2, type="LIMIT", limit_price=900))
    sell = at.place(owner, spec("SELL", "0.5", type="LIMIT", limit_price=1100))
    assert holdings(owner) == {"USDT": (3200, 1800), "BTC": (D("1.5"), D("0.5"))}
    at.cancel(buy)
    at.cancel(sell)
    assert holdings(owner) == {"USDT": (5000, 0), "BTC": (2, 0)}


def test_what_a_buy_saved_below_its_limit_is_free_again():
    at = venue(STILL)
    owner = account(at, USDT=5000)
    order = at.place(owner, spec("BUY", 2, type="LIMIT", limit_price="1000.06"))
    assert order.status is OrderStatus.PARTIALLY_FILLED  # one level of 0.8 stands at 1000.05
    assert order.filled_quantity == D("0.8")
    locked = D("1.2") * D("1000.06")
    assert holdings(owner)["USDT"] == (5000 - D("0.8") * D("1000.05") - locked, locked)


@pytest.mark.parametrize(
    ("wanted", "has"),
    [
        (spec("BUY", 1), {"USDT": 1000}),
        (spec("SELL", 1), {"BTC": "0.99999"}),
        (spec("BUY", 1, type="LIMIT", limit_price=900), {"USDT": "899.99"}),
        (spec("SELL", 1, type="STOP_LOSS", stop_price=900), {"BTC": "0.5"}),
        (spec("BUY", 1, type="STOP_LOSS", stop_price=1100), {"USDT": 1099}),
    ],
)
def test_nobody_can_spend_what_is_not_there(wanted, has):
    at = venue(STILL)
    owner = account(at, **has)
    before = holdings(owner)
    for attempt in (at.check, at.place):
        with pytest.raises(OrderRefused) as refused:
            attempt(owner, wanted)
        assert refused.value.refusal is Refusal.INSUFFICIENT_FUNDS
    assert holdings(owner) == before
    assert at.orders(owner, "BTC/USDT") == []


def test_locked_funds_cannot_be_spent_twice():
    at = venue(STILL)
    owner = account(at, BTC=1)
    at.place(owner, spec("SELL", "0.7", type="LIMIT", limit_price=1100))
    with pytest.raises(OrderRefused):
        at.place(owner, spec("SELL", "0.4"))


def test_checking_an_order_changes_nothing():
    at = venue(STILL)
    owner = account(at, USDT=5000)
    at.take_changes()
    at.check(owner, spec("BUY", 1))
    assert at.take_changes() == []
    assert at.orders(owner, "BTC/USDT") == []


# --- time in force and order types


def test_immediate_or_cancel_keeps_what_it_got():
    at = venue(STILL)
    owner = account(at, USDT=5000)
    order = at.place(owner, spec("BUY", 2, type="LIMIT", limit_price="1000.06", time_in_force=TimeInForce.IOC))
    assert (order.status, order.filled_quantity) == (OrderStatus.EXPIRED, D("0.8"))
    assert holdings(owner)["USDT"][1] == 0


def test_fill_or_kill_is_all_or_nothing():
    at = venue(STILL)
    owner = account(at, USDT=5000)
    fok = {"type": "LIMIT", "time_in_force": TimeInForce.FOK}
    killed = at.place(owner, spec("BUY", 2, limit_price="1000.06", **fok))
    filled = at.place(owner, spec("BUY", 2, limit_price=1010, **fok))
    assert (killed.status, killed.filled_quantity) == (OrderStatus.EXPIRED, 0)
    assert (filled.status, filled.filled_quantity) == (OrderStatus.FILLED, 2)


def test_a_post_only_order_is_refused_when_it_would_take():
    at = venue(STILL)
    owner = account(at, USDT=5000)
    with pytest.raises(OrderRefused) as refused:
        at.place(owner, spec("BUY", 1, type="LIMIT", limit_price=1001, post_only=True))
    assert refused.value.refusal is Refusal.WOULD_TAKE
    resting = at.place(owner, spec("BUY", 1, type="LIMIT", limit_price=1000, post_only=True))
    assert resting.status is OrderStatus.OPEN


@pytest.mark.parametrize(
    ("side", "order_type", "stop_price"),
    [
        ("SELL", "STOP_LOSS", 1001),
        ("BUY", "STOP_LOSS", 999),
        ("SELL", "TAKE_PROFIT", 999),
        ("BUY", "TAKE_PROFIT", 1001),
    ],
)
def test_a_stop_on_the_wrong_side_of_the_price_is_refused(side, order_type, stop_price):
    at = venue(STILL)
    owner = account(at, USDT=5000, BTC=5)
    with pytest.raises(OrderRefused) as refused:
        at.place(owner, spec(side, 1, type=order_type, stop_price=stop_price))
    assert refused.value.refusal is Refusal.WOULD_TRIGGER_AT_ONCE


def test_an_amount_of_quote_buys_whole_lots_for_no_more():
    at = venue(STILL)
    owner = account(at, USDT=5000)
    order = at.place(owner, spec("BUY", 0, quote_quantity=100))
    assert order.quantity % BTC.lot_step == 0
    assert D(99) < order.filled_quote <= 100


@pytest.mark.parametrize("time_in_force", [TimeInForce.IOC, TimeInForce.FOK])
def test_what_takes_or_expires_does_not_wait_for_the_price_once_it_is_triggered(time_in_force):
    at = venue((996, 1078, 996, 996))  # the price goes far through the limit, after the trigger
    owner = account(at, BTC=1)
    values = {"type": "TAKE_PROFIT_LIMIT", "limit_price": 999, "stop_price": 999, "time_in_force": time_in_force}
    order = at.place(owner, spec("SELL", "0.1", **values))
    settle(at, 2)
    assert (order.status, order.filled_quantity) == (OrderStatus.EXPIRED, 0)


# --- the way of the price


def test_orders_fill_at_the_instants_at_which_the_price_was_there():
    # Rising: 1000 -> 990 in 20 s, -> 1030 in 20 s, -> 1020 in 20 s.
    at = venue((1000, 1030, 990, 1020))
    owner = account(at, USDT=5000, BTC=1)
    at.place(owner, spec("BUY", "0.1", type="LIMIT", limit_price=995))
    at.place(owner, spec("SELL", "0.1", type="LIMIT", limit_price=1010))
    settle(at, 1)
    times = {fill.side: fill.time_ms - START for fill in at.fills(owner, "BTC/USDT")}
    assert times == {Side.BUY: 10_000, Side.SELL: 30_000}


def test_a_stop_does_not_fill_before_its_price_was_there():
    at = venue((1000, 1030, 990, 1020))
    owner = account(at, BTC=1)
    order = at.place(owner, spec("SELL", "0.1", type="STOP_LOSS", stop_price=995))
    at.settle(START + 9_900)
    assert order.status is OrderStatus.OPEN
    assert order.working_ms is None
    at.settle(START + 10_000)
    assert order.status is OrderStatus.FILLED
    (fill,) = at.fills(owner, "BTC/USDT")
    assert fill.price < 995
    assert order.working_ms == fill.time_ms == START + 10_000


def test_over_a_gap_between_candles_a_stop_gets_the_price_after_it():
    at = venue(STILL, (900, 900, 900, 900))
    owner = account(at, BTC=1)
    at.place(owner, spec("SELL", "0.1", type="STOP_LOSS", stop_price=950))
    settle(at, 1.5)
    (fill,) = at.fills(owner, "BTC/USDT")
    assert fill.price < 900
    assert fill.time_ms == START + MINUTE_MS


def test_a_forced_price_triggers_what_it_jumps_over():
    at = venue(STILL)
    owner = account(at, BTC=1, USDT=5000)
    stop = at.place(owner, spec("SELL", "0.1", type="STOP_LOSS", stop_price=950))
    limit = at.place(owner, spec("BUY", "0.1", type="LIMIT", limit_price=960))
    at.markets["BTC/USDT"].force_price(START, 90_000)
    at.price_jumped("BTC/USDT")
    assert (stop.status, limit.status) == (OrderStatus.FILLED, OrderStatus.FILLED)
    assert at.fills_of(stop)[0].price < 900
    assert at.fills_of(limit)[0].price == 960


def test_a_stop_limit_rests_after_its_trigger():
    at = venue(STILL, (900, 900, 900, 900), (900, 950, 900, 950))
    owner = account(at, BTC=1)
    order = at.place(owner, spec("SELL", "0.1", type="STOP_LOSS_LIMIT", stop_price=960, limit_price=940))
    settle(at, 2)
    assert (order.triggered, order.status) == (True, OrderStatus.OPEN)
    assert holdings(owner)["BTC"] == (D("0.9"), D("0.1"))
    settle(at, 3)
    assert (order.status, at.fills_of(order)[0].price) == (OrderStatus.FILLED, 940)


def test_a_triggered_market_buy_spends_what_there_is_and_lets_the_rest_expire():
    at = venue((1000, 1200, 1000, 1200))
    owner = account(at, USDT=1100)
    order = at.place(owner, spec("BUY", 1, type="STOP_LOSS", stop_price=1100))
    settle(at, 1)
    assert order.status is OrderStatus.EXPIRED
    assert D("0.99") < order.filled_quantity < 1
    free, locked = holdings(owner)["USDT"]
    assert 0 <= free < D("0.02")
    assert locked == 0


def test_of_a_pair_one_fills_and_the_other_expires():
    at = venue((1000, 1100, 1000, 1100), (1100, 1100, 800, 800))
    owner = account(at, BTC=1)
    legs = (
        spec("SELL", 1, type="STOP_LOSS_LIMIT", stop_price=950, limit_price=940),
        spec("SELL", 1, type="LIMIT", limit_price=1050, post_only=True),
    )
    pair = at.place_pair(owner, legs, "pair")
    assert holdings(owner)["BTC"] == (0, 1)
    settle(at, 2)
    stop, profit = (at.order("BTC/USDT", order_id) for order_id in pair.order_ids)
    assert stop is not None
    assert profit is not None
    assert (stop.status, stop.filled_quantity) == (OrderStatus.EXPIRED, 0)
    assert (profit.status, profit.filled_quantity) == (OrderStatus.FILLED, 1)
    assert holdings(owner)["BTC"] == (0, 0)


def test_cancelling_one_of_a_pair_cancels_both_and_frees_everything():
    at = venue(STILL)
    owner = account(at, USDT=2000)
    legs = (
        spec("BUY", 1, type="LIMIT", limit_price=900, post_only=True),
        spec("BUY", 1, type="STOP_LOSS_LIMIT", stop_price=1100, limit_price=1110),
    )
    pair = at.place_pair(owner, legs, "pair")
    assert holdings(owner)["USDT"] == (890, 1110)
    order = at.order("BTC/USDT", pair.order_ids[1])
    assert order is not None
    assert {each.status for each in at.cancel(order)} == {OrderStatus.CANCELED}
    assert holdings(owner)["USDT"] == (2000, 0)


def test_a_large_order_gets_no_more_by_being_looked_at():
    at = venue((1000, 1000, 999.7, 999.7))
    owner = account(at, USDT=9000)
    order = at.place(owner, spec("BUY", 8, type="LIMIT", limit_price="999.9"))
    for milliseconds in range(0, MINUTE_MS + 1, 500):
        at.settle(START + milliseconds)
    assert order.filled_quantity == 3 * D("0.8")  # the touch, and two steps of 0.09999 further


def test_the_markets_take_turns_since_they_share_the_money():
    at = venue(STILL, (1200, 1200, 1200, 1200), bnb=((500, 520, 500, 520),))
    owner = account(at, USDT=1100, BNB=1)
    bought = at.place(owner, spec("BUY", 1, type="STOP_LOSS", stop_price=1100))
    sell = OrderSpec("BNB/USDT", Side.SELL, OrderType.LIMIT, "x", quantity=D(1), limit_price=D(510))
    sold = at.place(owner, sell)
    settle(at, 3)
    assert sold.status is OrderStatus.FILLED  # in the first minute, and what it brought
    assert bought.status is OrderStatus.FILLED  # pays for more than was locked, in the second


def test_order_ids_count_per_symbol():
    at = venue(STILL)
    owner = account(at, USDT=5000)
    btc = at.place(owner, spec("BUY", "0.1"))
    bnb = at.place(owner, OrderSpec("BNB/USDT", Side.BUY, OrderType.MARKET, "x", quantity=D(1)))
    assert btc.order_id == bnb.order_id == 1


def test_records_survive_json():
    at = venue(STILL)
    owner = account(at, USDT=5000)
    order = at.place(owner, spec("BUY", "0.1", type="LIMIT", limit_price=1010))
    (fill,) = at.fills_of(order)
    for record, cls in ((owner, Account), (order, Order), (fill, Fill)):
        assert from_json(cls, to_json(record)) == record


def test_a_trailing_stop_sells_once_the_price_has_turned():
    at = venue(STILL, (1000, 1100, 1000, 1100), (1100, 1100, 1000, 1000))
    owner = account(at, BTC=1)
    stop = at.place(owner, spec("SELL", "0.5", type="TRAILING_STOP", trailing_pct=D(2)))
    assert holdings(owner)["BTC"] == (D("0.5"), D("0.5"))
    settle(at, 2)
    assert (stop.trigger_price, stop.is_open) == (1078, True)
    settle(at, 3)
    assert at.fills_of(stop)[0].price == D("1077.94")


def test_a_trailing_buy_locks_what_its_first_stop_would_cost():
    at = venue(STILL, (1000, 1000, 900, 900), (900, 1000, 900, 1000))
    owner = account(at, USDT=600)
    stop = at.place(owner, spec("BUY", "0.5", type="TRAILING_STOP", trailing_pct=D(2)))
    assert holdings(owner)["USDT"] == (90, 510)
    settle(at, 3)
    assert stop.status is OrderStatus.FILLED
    assert holdings(owner)["USDT"] == (600 - stop.filled_quote, 0)
    assert stop.filled_quote < D("0.5") * 919


# --- properties

# Wide, where a move crosses many levels of the book, and narrow, where orders fill level by level.
prices = st.integers(900, 1100) | st.integers(9990, 10010).map(lambda number: number / 10)
amounts = st.integers(1, 40).map(lambda number: D(number) / 10)


@st.composite
def scripts(draw: st.DrawFn) -> list[Candle]:
    candles = []
    for _ in range(draw(st.integers(1, 4))):
        corners = [draw(prices), draw(prices)]
        extremes = [draw(prices), draw(prices)]
        candles.append((corners[0], max(corners + extremes), min(corners + extremes), corners[1]))
    return candles


@st.composite
def any_spec(draw: st.DrawFn) -> OrderSpec:
    order_type = draw(st.sampled_from(OrderType))
    values: dict[str, Any] = {"type": order_type}
    if order_type.endswith("LIMIT"):
        values["limit_price"] = draw(prices)
        values["time_in_force"] = draw(st.sampled_from(TimeInForce))
    if order_type is OrderType.TRAILING_STOP:
        values["trailing_pct"] = draw(st.sampled_from([D("0.5"), D(1), D(3)]))
    elif order_type not in (OrderType.MARKET, OrderType.LIMIT):
        values["stop_price"] = draw(prices)
    return spec(draw(st.sampled_from(["BUY", "SELL"])), draw(amounts), **values)


def trade(at: Venue, owner: Account, wanted: Iterable[OrderSpec]) -> None:
    for each in wanted:
        try:
            at.place(owner, each)
        except OrderRefused:
            continue


def check_books(at: Venue, owner: Account, started_with: dict[str, Decimal]) -> None:
    """Every unit is accounted for: what was there at first, what fills moved, what fees took."""
    expected = dict(started_with)
    for fill in at.fills(owner, "BTC/USDT"):
        sign = 1 if fill.side is Side.BUY else -1
        expected["BTC"] += sign * fill.quantity
        expected["USDT"] -= sign * fill.quote_quantity
        expected[fill.fee_asset] -= fill.fee
    locked = dict.fromkeys(expected, D(0))
    for order in at.orders(owner, "BTC/USDT"):
        assert 0 <= order.filled_quantity <= order.quantity
        assert order.filled_quantity == sum(fill.quantity for fill in at.fills_of(order))
        assert order.is_open or order.locked == 0
        locked[order.pays_with] += order.locked
    for asset, amount in expected.items():
        holding = owner.holding(asset)
        assert holding.free >= 0
        assert holding.locked == locked[asset]
        assert holding.free + holding.locked == amount


@settings(max_examples=50, deadline=None)
@given(scripts(), st.lists(any_spec(), min_size=1, max_size=6), st.booleans())
def test_no_unit_of_any_asset_is_made_or_lost(script, wanted, with_bnb):
    at = venue(*script)
    started_with = {"USDT": D(6000), "BTC": D(6), "BNB": D("0.005")}
    owner = at.open_account("someone", dict(started_with), pays_fees_in_bnb=with_bnb)
    trade(at, owner, wanted)
    check_books(at, owner, started_with)
    settle(at, len(script) + 1)
    check_books(at, owner, started_with)


@settings(max_examples=50, deadline=None)
@given(
    scripts(),
    st.lists(any_spec(), min_size=1, max_size=5),
    st.lists(st.integers(0, 5 * MINUTE_MS), max_size=12),
)
def test_looking_often_changes_nothing(script, wanted, looks):
    once, often = venue(*script), venue(*script)
    accounts = [account(at, USDT=6000, BTC=6) for at in (once, often)]
    for at, owner in zip((once, often), accounts, strict=True):
        trade(at, owner, wanted)
    for offset in sorted(looks):
        often.settle(START + offset)
    for at in (once, often):
        at.settle(START + 6 * MINUTE_MS)

    def totals(at: Venue, owner: Account) -> list[tuple[OrderStatus, Decimal]]:
        return [(order.status, order.filled_quantity) for order in at.orders(owner, "BTC/USDT")]

    assert totals(once, accounts[0]) == totals(often, accounts[1])
