"""Let the market since the last look act on resting orders and open positions, one closed minute after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from exchanges import matching
from exchanges.adapters.paper.books import Books
from exchanges.adapters.paper.leverage import PositionBooks
from exchanges.base import Candle, FundingRate, Instrument, OrderRequest, OrderStatus, OrderType, Quote, Side
from exchanges.errors import InsufficientFunds
from exchanges.models import PaperOrder, PaperPosition

MINUTE = timedelta(minutes=1)
# However thin the venue's book: no order walks through more levels of it than this (at 1 bps each).
MOST_LEVELS = 50
# What share of a candle's volume stands at one price level.
VOLUME_PER_LEVEL = Decimal("0.1")
LIQUIDATION = "liquidation"


@dataclass(frozen=True, slots=True)
class News:
    """What happened in one market since the wallet was last looked at, read before the account was locked."""

    instrument: Instrument
    candles: Sequence[Candle]
    rates: Sequence[FundingRate] = ()
    rates_read_until: datetime | None = None


def settle(books: Books, news: Sequence[News]) -> None:
    """Minute by minute over all markets, because positions in different ones share their collateral.

    Candles that another process settled meanwhile change nothing.
    """
    for market in news:
        row = books.position(market.instrument.symbol)
        if row is not None and row.settled_until is not None:  # a rate that was published late
            _charge(books, market, until=row.settled_until, price=row.settled_price)
    minutes = [(candle.open_time, number) for number, market in enumerate(news) for candle in market.candles]
    candles = {(candle.open_time, number): candle for number, market in enumerate(news) for candle in market.candles}
    for key in sorted(minutes):
        _settle_candle(books, news[key[1]], candles[key])
    for market in news:
        row = books.position(market.instrument.symbol)
        if row is not None and market.rates_read_until is not None:
            row.rates_read_until = market.rates_read_until
        for order in books.open_orders_of(market.instrument.symbol):
            order.save()
        if row is not None:
            row.save()


def _charge(books: Books, market: News, *, until: datetime, price: Decimal) -> None:
    if isinstance(books, PositionBooks):
        books.charge(market.instrument.symbol, market.rates, until=until, price=price)


def _settle_candle(books: Books, market: News, candle: Candle) -> None:
    """Walk through one candle. What began within it meets the way to its close only."""
    closes = candle.open_time + MINUTE
    instrument = market.instrument
    waiting = [order for order in books.open_orders_of(instrument.symbol) if order.settled_until < closes]
    row = books.position(instrument.symbol)
    is_due = row is not None and (row.settled_until is None or row.settled_until < closes)
    if waiting or is_due:
        began_within = row is not None and row.settled_until is not None and row.settled_until > candle.open_time
        book = _book_of_candle(candle, waiting, row, instrument)
        earlier = [order for order in waiting if order.settled_until <= candle.open_time]
        walk = Walk(books, instrument, book, closes)
        walk.along(matching.candle_path(candle), earlier, liquidates=not began_within)
        for order in waiting:
            if order.settled_until > candle.open_time and order.is_open:
                walk.along((order.settled_price, candle.close), [order], liquidates=False)
        if row is not None and is_due and began_within:
            walk.along((row.settled_price, candle.close), [], liquidates=True)
        for order in waiting:
            order.settled_until = closes
            order.settled_price = candle.close
        row = books.position(instrument.symbol)
        if row is not None and (row.settled_until is None or row.settled_until <= closes):
            row.settled_until, row.settled_price = closes, candle.close
    _charge(books, market, until=closes, price=candle.close)


def liquidate_at(books: PositionBooks, instrument: Instrument, price: Decimal, quote: Quote, now: datetime) -> None:
    """If the price has come to where the position cannot be held any more."""
    row = books.position(instrument.symbol)
    if row is not None:
        row.settled_price = price
        side = Side.SELL if row.quantity > 0 else Side.BUY
        book = book_of_quote(quote, side, abs(row.quantity), instrument)
        Walk(books, instrument, book, now).along((price, price), [], liquidates=True)


@dataclass(frozen=True, slots=True)
class Walk:
    """Event by event: what one order does may end another, and moves the price of liquidation."""

    books: Books
    instrument: Instrument
    book: matching.BookShape
    now: datetime

    def along(self, path: Sequence[Decimal], orders: Sequence[PaperOrder], *, liquidates: bool) -> None:
        by_id = {str(order.pk): order for order in orders}
        working = {key: resting(order) for key, order in by_id.items()}
        for start, target in pairwise(path):
            while True:
                met = [order for key, order in working.items() if by_id[key].is_open]
                if liquidates:
                    met = [*self._liquidation(), *met]
                event = next(matching.walk(met, (start, target), self.book), None)
                if event is None:
                    break
                start = event.at_price
                if event.order.order_id == LIQUIDATION:
                    self._liquidate(event)
                else:
                    working[event.order.order_id] = event.order
                    self._apply(by_id[event.order.order_id], event)

    def _apply(self, order: PaperOrder, event: matching.Event) -> None:
        moved_along = not event.executions and event.order.triggered == order.is_triggered
        order.is_triggered, order.best_price = event.order.triggered, event.order.best_price
        if moved_along:
            return
        self.books.take_over(order, self.instrument, now=self.now)
        for execution in event.executions:
            if not order.is_open:
                return
            try:
                self.books.fill(order, self.instrument, execution, now=self.now)
            except InsufficientFunds:  # it slipped beyond what the account has
                self.books.finish(order, self.instrument, OrderStatus.EXPIRED, now=self.now)

    def _liquidation(self) -> list[matching.WorkingOrder]:
        """The venue's own order, waiting where the position cannot be held any more."""
        row = self.books.position(self.instrument.symbol)
        if row is None or not isinstance(self.books, PositionBooks):
            return []
        price = self.books.liquidation_price(row)
        if price is None:
            return []
        side = Side.SELL if row.quantity > 0 else Side.BUY
        return [
            matching.WorkingOrder(LIQUIDATION, side, OrderType.STOP_LOSS, quantity=abs(row.quantity), stop_price=price)
        ]

    def _liquidate(self, event: matching.Event) -> None:
        row = self.books.position(self.instrument.symbol)
        if row is not None and event.executions and isinstance(self.books, PositionBooks):
            self.books.liquidate(row, self.instrument, event.executions, event.at_price, self.now)


def working(request: OrderRequest) -> matching.WorkingOrder:
    return matching.WorkingOrder(
        order_id=request.client_order_id,
        side=request.side,
        order_type=request.order_type,
        quantity=request.quantity,
        limit_price=request.limit_price,
        stop_price=None if request.trailing_pct is not None else request.stop_price,
        trailing_pct=request.trailing_pct,
    )


def resting(order: PaperOrder) -> matching.WorkingOrder:
    return matching.WorkingOrder(
        order_id=str(order.pk),
        side=Side(order.side),
        order_type=OrderType(order.order_type),
        quantity=order.quantity,
        filled_quantity=order.filled_quantity,
        limit_price=order.limit_price,
        stop_price=None if order.trailing_pct is not None else order.stop_price,
        triggered=order.is_triggered,
        trailing_pct=order.trailing_pct,
        best_price=order.best_price,
    )


def book_of_quote(quote: Quote, side: Side, quantity: Decimal, instrument: Instrument) -> matching.BookShape:
    """A synthetic book whose best prices are the venue's."""
    middle = (quote.bid + quote.ask) / 2
    # Rounded down, so that rounding to the tick leads back to the quote and not to the tick beyond.
    half_spread = (quote.ask - middle) / middle / matching.BPS
    return matching.BookShape(
        tick_size=instrument.tick_size,
        level_size=_level_size(quote.ask_size if side is Side.BUY else quote.bid_size, quantity, instrument),
        half_spread_bps=half_spread.quantize(Decimal("1E-12"), rounding="ROUND_DOWN"),
    )


def _book_of_candle(
    candle: Candle, orders: Sequence[PaperOrder], row: PaperPosition | None, instrument: Instrument
) -> matching.BookShape:
    quantities = [order.quantity for order in orders] + ([abs(row.quantity)] if row is not None else [])
    return matching.BookShape(
        tick_size=instrument.tick_size,
        level_size=_level_size(candle.volume * VOLUME_PER_LEVEL, max(quantities), instrument),
    )


def _level_size(size: Decimal, quantity: Decimal, instrument: Instrument) -> Decimal:
    """In whole lots, and never so small that an order would walk through more than MOST_LEVELS levels."""
    wanted = max(instrument.round_quantity(size), quantity / MOST_LEVELS)
    lots = instrument.round_quantity(wanted)
    return lots if lots == wanted and lots > 0 else lots + instrument.lot_step or wanted
