"""The fill model: how a price that moves fills orders. Pure; for the simulator, paper trading, backtests.

The book is synthetic. Around a traded price stand levels on both sides: the first `half_spread_bps` away,
each next one `level_step_bps` further, `level_size` base units on each. Taking walks the levels, so a large
order pays more. A resting limit order fills at its own price when the traded price comes to it: one level's
size at the touch, one more for every further level step that the price goes through it, and again from the
start when the price has left and comes back. So large orders fill in parts, and nothing fills while the
price stands still. What fills depends on the way of the price alone, never on how many calls that way is
cut into.

A trailing stop follows the price: its stop is `trailing_pct` per cent away from the best price since it works, moves
along with every better one, and never back.

A candle is walked as four prices: open, then the extreme that lies against the candle's direction, then the
other, then close. That is the usual convention of backtesters, and never lets an order use a price before
it traded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal
from itertools import chain

from exchanges.base import ZERO, Candle, OrderType, Quote, Side

BPS = Decimal("0.0001")
STOP_TYPES = (OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT, OrderType.TRAILING_STOP)


@dataclass(frozen=True, slots=True)
class BookShape:
    """The synthetic book around a price. Sizes in base units, steps in basis points of the price."""

    tick_size: Decimal
    level_size: Decimal
    half_spread_bps: Decimal = Decimal("0.5")
    level_step_bps: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class WorkingOrder:
    """An order in the matching engine. `triggered` matters for stops and take profits only.

    Of the orders that share a `group` (one cancels the other), the first that triggers or fills takes the
    rest out. With `trailing_pct` (per cent) it is a trailing stop: its `stop_price`, if any, is then where it begins
    to work, on the winning side, and `best_price` the best one since (None before).
    """

    order_id: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    filled_quantity: Decimal = ZERO
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    triggered: bool = False
    group: str | None = None
    levels_given: int = 0  # how much of the book this visit of the price to the limit has already brought, in levels
    trailing_pct: Decimal | None = None
    best_price: Decimal | None = None

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.filled_quantity

    @property
    def waits_for_trigger(self) -> bool:
        return (self.stop_price is not None or self.trailing_pct is not None) and not self.triggered

    @property
    def trigger_price(self) -> Decimal | None:
        """Where it triggers as things stand; None of a trailing stop that does not work yet."""
        if self.trailing_pct is None:
            return self.stop_price
        if self.best_price is None:
            return None
        way = self.best_price * self.trailing_pct / 100
        return self.best_price + way if self.side is Side.BUY else self.best_price - way

    @property
    def has_limit(self) -> bool:
        return self.limit_price is not None

    @property
    def triggers_on_rise(self) -> bool:
        """BUY stops and SELL take profits trigger when the price rises to the stop, the others when it falls."""
        is_stop = self.order_type in STOP_TYPES or self.trailing_pct is not None
        return (self.side is Side.BUY) == is_stop

    def is_triggered_by(self, price: Decimal) -> bool:
        trigger = self.trigger_price
        if trigger is None:
            return self.trailing_pct is None
        return price >= trigger if self.triggers_on_rise else price <= trigger

    def trailed(self, price: Decimal) -> WorkingOrder:
        """The order once that price has traded: a trailing stop moves along with a better one."""
        if self.trailing_pct is None or self.triggered:
            return self
        if self.best_price is None:
            starts = self.stop_price is None or self._is_at_least_as_good(price, self.stop_price)
            return replace(self, best_price=price) if starts else self
        return replace(self, best_price=price) if self._is_better(price) else self

    def _is_better(self, price: Decimal) -> bool:
        return price != self.best_price and self._is_at_least_as_good(price, self.best_price)

    def _is_at_least_as_good(self, price: Decimal, other: Decimal | None) -> bool:
        if other is None:
            return True
        return price <= other if self.side is Side.BUY else price >= other


@dataclass(frozen=True, slots=True)
class Execution:
    price: Decimal
    quantity: Decimal
    is_maker: bool


@dataclass(frozen=True, slots=True)
class Event:
    """What a price move did to one order: it triggered (no executions), executed, or both; or its stop moved along."""

    order: WorkingOrder  # as it stands after the event
    executions: tuple[Execution, ...]
    at_price: Decimal


def quote_around(price: Decimal, book: BookShape) -> Quote:
    """Best bid and ask around a traded price; at least one tick apart."""
    half = price * book.half_spread_bps * BPS
    bid = _to_tick(price - half, book.tick_size, ROUND_FLOOR)
    ask = _to_tick(price + half, book.tick_size, ROUND_CEILING)
    if ask <= bid:
        ask = bid + book.tick_size
    return Quote(bid=bid, ask=ask, bid_size=book.level_size, ask_size=book.level_size)


def levels(price: Decimal, side: Side, book: BookShape) -> Iterator[Decimal]:
    """Prices that a taker on `side` meets, best first, without end (as long as they stay positive)."""
    quote = quote_around(price, book)
    best = quote.ask if side is Side.BUY else quote.bid
    step = max(price * book.level_step_bps * BPS, book.tick_size)
    index = 0
    while True:
        if side is Side.BUY:
            level = _to_tick(best + step * index, book.tick_size, ROUND_CEILING)
        else:
            level = _to_tick(best - step * index, book.tick_size, ROUND_FLOOR)
        if level <= 0:
            return
        yield level
        index += 1


def take(order: WorkingOrder, price: Decimal, book: BookShape) -> tuple[WorkingOrder, tuple[Execution, ...]]:
    """What the order takes from the book now: all of a market order, the crossing part of a limit order."""
    remaining = order.remaining
    executions = []
    for level in levels(price, order.side, book):
        if remaining <= 0 or not _is_within_limit(level, order):
            break
        quantity = min(remaining, book.level_size)
        executions.append(Execution(level, quantity, is_maker=False))
        remaining -= quantity
    # What stands at this price is used up: the rest waits until the price moves.
    order = replace(_filled(order, executions), levels_given=_levels_reached(order, price, book))
    return order, tuple(executions)


def enter(order: WorkingOrder, price: Decimal, book: BookShape) -> tuple[WorkingOrder, tuple[Execution, ...]]:
    """A new order meets the book: a stop may trigger at once, a trailing one begins, the rest takes what it can."""
    if order.waits_for_trigger:
        order = order.trailed(price)
        if not order.is_triggered_by(price):
            return order, ()
        order = replace(order, triggered=True)
    return take(order, price, book)


def quantity_for_quote(quote: Decimal, side: Side, price: Decimal, book: BookShape, lot_step: Decimal) -> Decimal:
    """How much a market order may trade for `quote` units of the quote asset: whole lots, never for more."""
    quantity = ZERO
    for level in levels(price, side, book):
        affordable = quote / level
        if affordable < book.level_size:
            quantity += affordable
            break
        quantity += book.level_size
        quote -= book.level_size * level
    return (quantity / lot_step).quantize(Decimal(1), rounding=ROUND_DOWN) * lot_step


def walk(orders: Iterable[WorkingOrder], prices: Iterable[Decimal], book: BookShape) -> Iterator[Event]:
    """Let the traded price move along `prices` (the first is where it stands); yield what happens, in order.

    Between two prices every price in between trades. A gap is two walks: the second starts where the price
    lands, and what it jumped over triggers there. Orders that are done or take no part simply never appear.
    Within one move, orders act in the order in which the price reaches them; at one price the older
    (earlier in `orders`) goes first. Carry `Event.order` on into the next call.
    """
    working = {order.order_id: order for order in orders if order.remaining > 0}
    path = iter(prices)
    start = next(path, None)
    if start is None:
        return
    previous = start
    for target in chain((start,), path):
        rising = target >= previous
        reached: list[tuple[Decimal, int, str]] = []
        for age, order in enumerate(working.values()):
            point = _meeting_point(order, previous, target)
            if point is not None:
                reached.append((point if rising else -point, age, order.order_id))
        for signed_point, _, order_id in sorted(reached):
            if order_id not in working:  # taken out by another of its group
                continue
            point = signed_point if rising else -signed_point
            before = working[order_id]
            order, executions = _meet(before, point, previous, target, book)
            if order.group and (executions or order.triggered != before.triggered):
                working = {
                    key: other for key, other in working.items() if other.group != order.group or key == order_id
                }
            if order.remaining > 0:
                working[order_id] = order
            else:
                del working[order_id]
            if executions or order.triggered != before.triggered or order.best_price != before.best_price:
                yield Event(order, executions, point)
        previous = target


def candle_path(candle: Candle) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """The four prices a candle is walked along."""
    if candle.close >= candle.open:
        return candle.open, candle.low, candle.high, candle.close
    return candle.open, candle.high, candle.low, candle.close


def _meeting_point(order: WorkingOrder, start: Decimal, end: Decimal) -> Decimal | None:
    """Where the move from `start` to `end` first concerns the order, or None."""
    if order.waits_for_trigger:
        if order.is_triggered_by(start):
            return start
        if order.is_triggered_by(end):
            return order.trigger_price
        return end if order.trailed(end) is not order else None
    if order.limit_price is None or _is_reached(order, start):
        return start
    return order.limit_price if _is_reached(order, end) else None


def _meet(
    order: WorkingOrder, point: Decimal, start: Decimal, end: Decimal, book: BookShape
) -> tuple[WorkingOrder, tuple[Execution, ...]]:
    """The price, on its way from `start` to `end`, is at `point` and concerns the order."""
    executions: tuple[Execution, ...] = ()
    if order.waits_for_trigger and not order.is_triggered_by(point):
        return order.trailed(point), ()
    if order.waits_for_trigger:
        order, executions = take(replace(order, triggered=True), point, book)
    elif not order.has_limit:
        order, executions = take(order, point, book)  # what a market order could not get before
    elif not _is_reached(order, start):
        order = replace(order, levels_given=0)  # a new visit
    if order.remaining > 0 and order.has_limit:
        order, more = _make(order, end, book)
        executions += more
    return order, executions


def _make(order: WorkingOrder, price: Decimal, book: BookShape) -> tuple[WorkingOrder, tuple[Execution, ...]]:
    """A resting limit order fills at its own price; the further the price goes through it, the more."""
    new_levels = _levels_reached(order, price, book) - order.levels_given
    if new_levels <= 0 or order.limit_price is None:
        return order, ()
    quantity = min(order.remaining, book.level_size * new_levels)
    executions = (Execution(order.limit_price, quantity, is_maker=True),)
    order = _filled(order, executions)
    return replace(order, levels_given=order.levels_given + new_levels), executions


def _levels_reached(order: WorkingOrder, price: Decimal, book: BookShape) -> int:
    """How many levels a resting limit order gets until the price is at `price`; 0 before the touch."""
    limit = order.limit_price
    if limit is None or not _is_reached(order, price):
        return 0
    step = max(limit * book.level_step_bps * BPS, book.tick_size)
    return 1 + int(abs(price - limit) / step)


def _is_reached(order: WorkingOrder, price: Decimal) -> bool:
    if order.limit_price is None:
        return True
    return price <= order.limit_price if order.side is Side.BUY else price >= order.limit_price


def _is_within_limit(level: Decimal, order: WorkingOrder) -> bool:
    if order.limit_price is None:
        return True
    return level <= order.limit_price if order.side is Side.BUY else level >= order.limit_price


def _filled(order: WorkingOrder, executions: Iterable[Execution]) -> WorkingOrder:
    done = sum((execution.quantity for execution in executions), ZERO)
    return replace(order, filled_quantity=order.filled_quantity + done)


def _to_tick(price: Decimal, tick: Decimal, rounding: str) -> Decimal:
    if tick <= 0:
        return price
    return (price / tick).quantize(Decimal(1), rounding=rounding) * tick
