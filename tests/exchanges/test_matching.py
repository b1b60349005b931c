"""The fill model. Prices are chosen so that one level step is 0.01 on a price of 100."""

import itertools
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchanges.base import Candle, OrderType, Side
from exchanges.matching import (
    BookShape,
    Event,
    WorkingOrder,
    candle_path,
    enter,
    quantity_for_quote,
    quote_around,
    take,
    walk,
)

D = Decimal
BOOK = BookShape(tick_size=D("0.01"), level_size=D(1))


def order(side: Side, quantity: object = 1, **values: object) -> WorkingOrder:
    numbers = {name: D(str(values.pop(name))) for name in ("limit_price", "stop_price") if values.get(name) is not None}
    order_type = values.pop("order_type", None) or (
        OrderType.STOP_LOSS
        if "stop_price" in numbers
        else OrderType.LIMIT
        if "limit_price" in numbers
        else OrderType.MARKET
    )
    order_id = values.pop("order_id", "1")
    return WorkingOrder(order_id, side, order_type, D(str(quantity)), **numbers, **values)


def run(orders: Iterable[WorkingOrder], *prices: object) -> list[Event]:
    return list(walk(orders, [D(str(price)) for price in prices], BOOK))


def fills(events: Iterable[Event]) -> list[tuple[str, Decimal, Decimal]]:
    return [(e.order.order_id, x.price, x.quantity) for e in events for x in e.executions]


# --- the book


def test_the_quote_lies_around_the_price_and_is_at_least_a_tick_wide():
    quote = quote_around(D("100"), BOOK)
    assert (quote.bid, quote.ask) == (D("99.99"), D("100.01"))
    narrow = quote_around(D("0.02"), replace(BOOK, half_spread_bps=D(0)))
    assert narrow.ask - narrow.bid == BOOK.tick_size


def test_a_market_order_pays_the_spread():
    bought, (execution,) = take(order(Side.BUY), D(100), BOOK)
    assert (execution.price, execution.is_maker, bought.remaining) == (D("100.01"), False, 0)
    _, (execution,) = take(order(Side.SELL), D(100), BOOK)
    assert execution.price == D("99.99")


def test_a_large_market_order_fills_in_parts_at_worse_and_worse_prices():
    _, executions = take(order(Side.BUY, "2.5"), D(100), BOOK)
    assert [(x.price, x.quantity) for x in executions] == [
        (D("100.01"), D(1)),
        (D("100.02"), D(1)),
        (D("100.03"), D("0.5")),
    ]


def test_a_crossing_limit_order_takes_no_further_than_its_limit():
    rested, executions = enter(order(Side.BUY, 5, limit_price="100.02"), D(100), BOOK)
    assert [x.price for x in executions] == [D("100.01"), D("100.02")]
    assert rested.remaining == 3


def test_selling_more_than_the_book_holds_leaves_a_remainder():
    tiny = BookShape(tick_size=D(1), level_size=D(1))
    rest, executions = take(order(Side.SELL, 10), D(4), tiny)
    assert [x.price for x in executions] == [D(3), D(2), D(1)]
    assert rest.remaining == 7


def test_quote_amounts_become_whole_lots_that_cost_no_more():
    quantity = quantity_for_quote(D(250), Side.BUY, D(100), BOOK, D("0.001"))
    _, executions = take(order(Side.BUY, quantity), D(100), BOOK)
    cost = sum(x.price * x.quantity for x in executions)
    assert quantity % D("0.001") == 0
    assert D(250) - D("0.11") < cost <= D(250)


# --- resting limit orders


def test_a_resting_limit_order_fills_at_its_own_price_when_the_price_comes_to_it():
    (event,) = run([order(Side.BUY, limit_price=99)], 100, 99)
    assert [(x.price, x.quantity, x.is_maker) for x in event.executions] == [(D(99), D(1), True)]


def test_a_resting_limit_order_does_not_fill_above_its_price():
    assert run([order(Side.BUY, limit_price=99)], 100, "99.01", 105) == []


def test_the_further_the_price_goes_through_the_more_fills():
    (touched,) = run([order(Side.BUY, 10, limit_price=100)], 101, 100)
    (through,) = run([order(Side.BUY, 10, limit_price=100)], 101, "99.97")
    assert touched.order.filled_quantity == 1
    assert through.order.filled_quantity == 4


def test_a_large_order_fills_again_when_the_price_comes_back():
    events = run([order(Side.BUY, 10, limit_price=100)], 101, 100, 101, 100, 101)
    assert [e.order.filled_quantity for e in events] == [1, 2]


def test_nothing_fills_while_the_price_stands_still():
    resting, _ = enter(order(Side.BUY, 10, limit_price=100), D(100), BOOK)
    assert run([resting], 100, 100) == []
    rested, taken = enter(order(Side.BUY, 10, limit_price="100.02"), D(100), BOOK)
    assert taken
    assert run([rested], 100, 100) == []


# --- stops


@pytest.mark.parametrize(
    ("side", "order_type", "before", "trigger"),
    [
        (Side.SELL, OrderType.STOP_LOSS, "95.01", 95),
        (Side.BUY, OrderType.STOP_LOSS, "104.99", 105),
        (Side.SELL, OrderType.TAKE_PROFIT, "104.99", 105),
        (Side.BUY, OrderType.TAKE_PROFIT, "95.01", 95),
    ],
)
def test_a_stop_triggers_at_its_price_and_not_a_tick_before(side, order_type, before, trigger):
    stop = order(side, stop_price=trigger, order_type=order_type)
    assert run([stop], 100, before, 100) == []
    (event,) = run([stop], 100, trigger)
    quote = quote_around(D(trigger), BOOK)
    assert event.order.triggered
    assert event.executions[0].price == (quote.ask if side is Side.BUY else quote.bid)


def test_over_a_gap_a_stop_fills_where_the_price_lands():
    stop = order(Side.SELL, stop_price=95)
    (event,) = run([stop], 90)
    assert event.executions[0].price == quote_around(D(90), BOOK).bid


def test_a_stop_limit_that_is_jumped_over_rests_and_fills_when_the_price_returns():
    stop = order(Side.SELL, stop_price=95, limit_price=94, order_type=OrderType.STOP_LOSS_LIMIT)
    (triggered,) = run([stop], 90)
    assert triggered.order.triggered
    assert triggered.executions == ()
    (filled,) = run([triggered.order], 90, 94)
    assert fills([filled]) == [("1", D(94), D(1))]


def test_a_stop_limit_fills_in_the_move_that_triggers_it():
    take_profit = order(Side.SELL, stop_price=101, limit_price=102, order_type=OrderType.TAKE_PROFIT_LIMIT)
    (event,) = run([take_profit], 100, 103)
    assert fills([event]) == [("1", D(102), D(1))]


# --- several orders


def test_orders_act_in_the_order_in_which_the_price_reaches_them():
    near = order(Side.SELL, limit_price=101, order_id="near")
    far = order(Side.SELL, limit_price=102, order_id="far")
    assert [e.order.order_id for e in run([far, near], 100, 103)] == ["near", "far"]


def test_at_one_price_the_older_order_goes_first():
    first = order(Side.SELL, limit_price=101, order_id="b")
    second = order(Side.SELL, limit_price=101, order_id="a")
    assert [e.order.order_id for e in run([first, second], 100, 103)] == ["b", "a"]


def test_of_a_pair_the_first_to_act_takes_the_other_out():
    profit = order(Side.SELL, limit_price=101, order_id="profit", group="1")
    stop = order(Side.SELL, stop_price=99, order_id="stop", group="1")
    assert [e.order.order_id for e in run([stop, profit], 100, 102, 98)] == ["profit"]
    assert [e.order.order_id for e in run([stop, profit], 100, 98, 102)] == ["stop"]


def test_a_candle_goes_to_the_extreme_against_its_direction_first():
    rising = Candle(datetime(2025, 1, 1, tzinfo=UTC), D(10), D(15), D(8), D(12), D(1))
    assert candle_path(rising) == (10, 8, 15, 12)
    assert candle_path(replace(rising, close=D(9))) == (10, 15, 8, 9)


# --- properties

ticks = st.integers(min_value=9_500, max_value=10_500)
prices = ticks.map(lambda number: D(number) / 100)
paths = st.lists(prices, min_size=1, max_size=8)


@st.composite
def any_order(draw: st.DrawFn) -> WorkingOrder:
    order_type = draw(st.sampled_from(OrderType))
    has_limit = order_type in (OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT)
    has_stop = order_type not in (OrderType.LIMIT, OrderType.MARKET)
    return WorkingOrder(
        draw(st.uuids()).hex,
        draw(st.sampled_from(Side)),
        order_type,
        D(draw(st.integers(1, 500))) / 10,
        limit_price=draw(prices) if has_limit else None,
        stop_price=draw(prices) if has_stop else None,
    )


orders = st.lists(any_order(), min_size=1, max_size=4)


@settings(max_examples=100, deadline=None)
@given(orders, paths)
def test_whatever_happens_no_rule_of_the_book_is_broken(working, path):
    traded_low, traded_high = min(path), max(path)
    filled: dict[str, Decimal] = {}
    for event in walk(working, path, BOOK):
        before = next(o for o in working if o.order_id == event.order.order_id)
        assert traded_low <= event.at_price <= traded_high
        if before.stop_price is not None:
            assert event.order.triggered
            assert before.is_triggered_by(traded_high if before.triggers_on_rise else traded_low)
        for execution in event.executions:
            assert execution.quantity > 0
            filled[before.order_id] = filled.get(before.order_id, D(0)) + execution.quantity
            if before.limit_price is not None:
                better = execution.price - before.limit_price
                assert (better <= 0) if before.side is Side.BUY else (better >= 0)
            if not execution.is_maker:
                paid = execution.price - event.at_price
                assert (paid > 0) if before.side is Side.BUY else (paid < 0)
        assert filled.get(before.order_id, D(0)) == event.order.filled_quantity <= before.quantity


@settings(max_examples=100, deadline=None)
@given(any_order(), paths, st.lists(st.integers(0, 100), max_size=6))
def test_cutting_the_way_into_pieces_changes_nothing(working, path, cuts):
    """A server that is asked often must not fill more than one that is asked once."""
    in_one_go = fills(walk([working], path, BOOK))
    at_once = sum(quantity for *_, quantity in in_one_go)

    points = [path[0]]
    for before, after in itertools.pairwise(path):
        between = [before + (after - before) * D(cut) / 100 for cut in sorted(cuts)]
        points += [price.quantize(D("0.01")) for price in between] + [after]
    current, in_pieces = working, D(0)
    for start, end in zip(points, [*points[1:], points[-1]], strict=True):
        for event in walk([current], [start, end], BOOK):
            current = event.order
            in_pieces += sum(x.quantity for x in event.executions)
    assert in_pieces == at_once
    assert current.filled_quantity == working.filled_quantity + in_pieces


# --- trailing stops


def trailing(side: Side, pct: object, at: object, **values: object) -> WorkingOrder:
    placed = order(side, order_type=OrderType.TRAILING_STOP, trailing_pct=D(str(pct)), **values)
    return enter(placed, D(str(at)), BOOK)[0]


def test_a_trailing_stop_follows_the_price_and_triggers_where_it_turns():
    stop = trailing(Side.SELL, 2, 100)
    assert (stop.best_price, stop.trigger_price) == (100, 98)
    *moves, last = run([stop], 100, 110, 108, 112, 105)
    assert [event.order.best_price for event in moves] == [110, 112]
    assert not any(event.executions or event.order.triggered for event in moves)
    assert last.at_price == D("109.76")
    assert last.order.triggered
    assert last.executions[0].price == D("109.75")


def test_a_trailing_buy_follows_the_price_down():
    *_, last = run([trailing(Side.BUY, 1, 100)], 100, 90, 95)
    assert last.at_price == D("90.9")
    assert last.order.remaining == 0


def test_a_trailing_stop_never_moves_back():
    (event,) = run([trailing(Side.SELL, 10, 100)], 100, 105, 96, 104)
    assert event.order.best_price == 105


def test_a_trailing_stop_jumped_over_triggers_where_the_price_lands():
    (event,) = run([trailing(Side.SELL, 2, 100)], 90)
    assert (event.at_price, event.order.triggered) == (90, True)


def test_a_trailing_stop_may_begin_to_work_at_a_better_price():
    stop = trailing(Side.SELL, 1, 100, stop_price=105)
    assert stop.trigger_price is None
    assert run([stop], 100, 90, 104) == []
    *moves, last = run([stop], 100, 90, 106, 100)
    assert [event.order.best_price for event in moves] == [106]
    assert last.at_price == D("104.94")
    begins_at_once = trailing(Side.SELL, 1, 110, stop_price=105)
    assert begins_at_once.best_price == 110


def test_along_one_candle_the_stop_moves_in_the_order_of_the_path():
    rising = Candle(datetime(2025, 1, 1, tzinfo=UTC), D(100), D(110), D(99), D(108), D(1))  # low before high
    stop = trailing(Side.SELL, "1.5", 100)
    *_, last = run([stop], *candle_path(rising))
    assert (last.at_price, last.order.triggered) == (D("108.35"), True)
    falling = Candle(datetime(2025, 1, 1, tzinfo=UTC), D(100), D(110), D(98), D(99), D(1))  # high before low
    *_, last = run([stop], *candle_path(falling))
    assert last.at_price == D("108.35")


def test_a_trailing_stop_takes_the_other_of_its_group_out_only_when_it_triggers():
    stop = replace(trailing(Side.SELL, 2, 100, order_id="stop"), group="pair")
    target = order(Side.SELL, limit_price=112, order_id="target", group="pair")
    events = run([stop, target], 100, 110, 113)
    assert fills(events) == [("target", D(112), D(1))]
    events = run([stop, target], 100, 110, 100, 115)
    assert fills(events)[0][0] == "stop"


tenths = st.integers(900, 1100).map(lambda tenth: D(tenth) / 10)


@settings(max_examples=300)
@given(st.sampled_from(list(Side)), st.integers(1, 80), st.lists(tenths, min_size=1, max_size=8), st.data())
def test_a_trailing_stop_triggers_where_the_price_first_is_that_far_from_its_best(side, tenths_of_pct, way, data):
    """Against the definition: the best price so far, in steps so small that no turn is missed."""
    pct = D(tenths_of_pct) / 10
    stop = trailing(side, pct, way[0])
    best, expected = way[0], None
    for end in way[1:]:
        if expected is not None:
            break
        better = end > best if side is Side.SELL else end < best
        level = best * (1 - pct / 100) if side is Side.SELL else best * (1 + pct / 100)
        reached = end <= level if side is Side.SELL else end >= level
        if better:
            best = end
        elif reached:
            expected = level
    triggered = [event for event in run([stop], *way) if event.order.triggered]
    assert [event.at_price for event in triggered] == ([] if expected is None else [expected])

    # Cut into pieces, the way does the same.
    cut = data.draw(st.integers(0, len(way)))
    last, events = stop, []
    for piece in (way[:cut], way[max(cut - 1, 0) :]):
        for event in run([last], *piece):
            last = event.order
            events.append(event)
        if last.remaining == 0:
            break
    assert [e.at_price for e in events if e.executions] == [e.at_price for e in triggered]
