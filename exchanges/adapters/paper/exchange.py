"""The paper adapter: another venue's public data, our own books, and the fill model of `exchanges/matching.py`.

Market orders fill at once against the venue's quote. Limit orders and stops rest; they are settled when the account is
asked about, by walking the venue's one-minute candles since they were last looked at.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from uuid import UUID

from exchanges import matching
from exchanges.adapters.paper.books import Books, locked, read_balances
from exchanges.base import (
    ZERO,
    Balance,
    BaseExchange,
    Candle,
    ExchangeCapabilities,
    Fill,
    Instrument,
    KeyPermissions,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Quote,
    Side,
)
from exchanges.errors import InsufficientFunds, InvalidOrder, OrderNotFound
from exchanges.models import PaperFill, PaperOrder

MINUTE = timedelta(minutes=1)
# An account that nobody asked about for longer is settled in several goes.
CANDLES_PER_SETTLEMENT = 5000
# However thin the venue's book: no order walks through more levels of it than this (at 1 bps each).
MOST_LEVELS = 50
# What share of a candle's volume stands at one price level.
VOLUME_PER_LEVEL = Decimal("0.1")


class PaperExchange(BaseExchange):
    """`account` is the id of the paper credential that the books are kept under."""

    def __init__(self, venue: BaseExchange, account: UUID) -> None:
        super().__init__("", "", testnet=False, market_type=venue.market_type, base_url=venue.base_url)
        self.venue = venue
        self.account = account
        self.name = venue.name
        self.title = f"{venue.title} (paper)"
        self.fee_rate = venue.fee_rate

    @property
    def capabilities(self) -> ExchangeCapabilities:
        return self.venue.capabilities

    def close(self) -> None:
        self.venue.close()

    # --- the venue's public data
    def test_connectivity(self) -> bool:
        return self.venue.test_connectivity()

    def get_server_time(self) -> datetime:
        return self.venue.get_server_time()

    def get_instruments(self) -> list[Instrument]:
        return self.venue.get_instruments()

    def instrument(self, symbol: str) -> Instrument:
        return self.venue.instrument(symbol)

    def get_candles(
        self, symbol: str, timeframe: str, *, limit: int = 200, since: datetime | None = None
    ) -> list[Candle]:
        return self.venue.get_candles(symbol, timeframe, limit=limit, since=since)

    def get_current_price(self, symbol: str) -> Decimal:
        return self.venue.get_current_price(symbol)

    def get_quote(self, symbol: str) -> Quote:
        return self.venue.get_quote(symbol)

    # --- the account
    def get_key_permissions(self) -> KeyPermissions:
        return KeyPermissions(can_read=True, can_trade=True, can_withdraw=False)

    def get_balances(self) -> dict[str, Balance]:
        self._settle()
        return read_balances(self.account)

    def submit_order(self, request: OrderRequest) -> Order:
        instrument = self.instrument(request.symbol)
        quote = self.venue.get_quote(request.symbol)
        price = (quote.bid + quote.ask) / 2
        self.require_valid(request, instrument, price)
        working = _working(request)
        if working.waits_for_trigger and working.is_triggered_by(price):
            raise InvalidOrder(
                f"The order would trigger immediately: the price is {price}.",
                exchange=self.name,
                operation="submit_order",
            )
        _, executions = matching.enter(working, price, _book_of_quote(quote, request, instrument))
        now = self.venue.get_server_time()
        self._settle()
        with self._locked() as books:
            order = books.open_order(request, instrument, executions, price=price, now=now)
        return _order(order)

    def cancel_order(self, symbol: str, client_order_id: str) -> Order:
        self._settle()
        instrument = self.instrument(symbol)
        now = self.venue.get_server_time()
        with self._locked() as books:
            order = self._find(symbol, client_order_id)
            if not order.is_open:
                raise OrderNotFound("No open order has that id.", exchange=self.name, operation="cancel_order")
            books.finish(order, instrument, OrderStatus.CANCELED, now=now)
        return _order(order)

    def get_order(self, symbol: str, client_order_id: str) -> Order:
        self._settle()
        return _order(self._find(symbol, client_order_id))

    def get_open_orders(self, symbol: str | None = None) -> list[Order]:
        self._settle()
        return [_order(order) for order in self._open_orders(symbol)]

    def get_fills(self, symbol: str, *, exchange_order_id: str) -> list[Fill]:
        self._settle()
        rows = PaperFill.objects.filter(
            order__credential=self.account, order__symbol=symbol, order_id=int(exchange_order_id)
        ).select_related("order")
        return [_fill(row) for row in rows]

    # --- settlement
    def _settle(self) -> None:
        """Let the market since the last look act on the resting orders."""
        since: dict[str, datetime] = {}
        for order in self._open_orders():
            since[order.symbol] = min(order.settled_until, since.get(order.symbol, order.settled_until))
        if not since:
            return
        now = self.venue.get_server_time()
        for symbol, start in since.items():
            minute = start.replace(second=0, microsecond=0)
            if now < minute + MINUTE:
                continue  # no candle has closed since
            instrument = self.instrument(symbol)
            candles = self.venue.get_candles(symbol, "1m", since=minute, limit=CANDLES_PER_SETTLEMENT)
            candles = [candle for candle in candles if candle.open_time + MINUTE > start]
            if candles:
                with self._locked() as books:
                    # Read again: whoever held the lock before may have settled the same candles.
                    orders = {str(order.pk): order for order in self._open_orders(symbol)}
                    for candle in candles:
                        _settle_candle(books, orders, instrument, candle)
                    for order in orders.values():
                        order.save()

    def _open_orders(self, symbol: str | None = None) -> list[PaperOrder]:
        orders = PaperOrder.objects.filter(credential=self.account, is_open=True)
        return list(orders.filter(symbol=symbol) if symbol else orders)

    def _find(self, symbol: str, client_order_id: str) -> PaperOrder:
        found = PaperOrder.objects.filter(
            credential=self.account, symbol=symbol, client_order_id=client_order_id
        ).first()
        if found is None:
            raise OrderNotFound("No order has that id.", exchange=self.name)
        return found

    def _locked(self) -> AbstractContextManager[Books]:
        return locked(self.account, exchange=self.name, fee_rate=self.fee_rate)


def _settle_candle(books: Books, orders: dict[str, PaperOrder], instrument: Instrument, candle: Candle) -> None:
    """Walk the open orders through one candle. One that was placed within it meets the way to its close only."""
    closes = candle.open_time + MINUTE
    waiting = [order for order in orders.values() if order.is_open and order.settled_until < closes]
    if not waiting:
        return
    largest = max(order.quantity for order in waiting)
    book = matching.BookShape(
        tick_size=instrument.tick_size,
        level_size=_level_size(candle.volume * VOLUME_PER_LEVEL, largest, instrument),
    )
    earlier = [_resting(order) for order in waiting if order.settled_until <= candle.open_time]
    events = list(matching.walk(earlier, matching.candle_path(candle), book))
    for order in waiting:
        if order.settled_until > candle.open_time:
            events += matching.walk([_resting(order)], (order.settled_price, candle.close), book)
    for event in events:
        _apply(books, orders[event.order.order_id], instrument, event, now=closes)
    for order in waiting:
        order.settled_until = closes
        order.settled_price = candle.close


def _apply(books: Books, order: PaperOrder, instrument: Instrument, event: matching.Event, *, now: datetime) -> None:
    order.is_triggered = event.order.triggered
    for execution in event.executions:
        if not order.is_open:
            return
        try:
            books.fill(order, instrument, execution, now=now)
        except InsufficientFunds:  # a BUY stop that slipped beyond what the account has
            books.finish(order, instrument, OrderStatus.EXPIRED, now=now)


def _working(request: OrderRequest) -> matching.WorkingOrder:
    return matching.WorkingOrder(
        order_id=request.client_order_id,
        side=request.side,
        order_type=request.order_type,
        quantity=request.quantity,
        limit_price=request.limit_price,
        stop_price=request.stop_price,
    )


def _resting(order: PaperOrder) -> matching.WorkingOrder:
    return matching.WorkingOrder(
        order_id=str(order.pk),
        side=Side(order.side),
        order_type=OrderType(order.order_type),
        quantity=order.quantity,
        filled_quantity=order.filled_quantity,
        limit_price=order.limit_price,
        stop_price=order.stop_price,
        triggered=order.is_triggered,
    )


def _book_of_quote(quote: Quote, request: OrderRequest, instrument: Instrument) -> matching.BookShape:
    """A synthetic book whose best prices are the venue's."""
    middle = (quote.bid + quote.ask) / 2
    # Rounded down, so that rounding to the tick leads back to the quote and not to the tick beyond.
    half_spread = (quote.ask - middle) / middle / matching.BPS
    return matching.BookShape(
        tick_size=instrument.tick_size,
        level_size=_level_size(
            quote.ask_size if request.side is Side.BUY else quote.bid_size, request.quantity, instrument
        ),
        half_spread_bps=half_spread.quantize(Decimal("1E-12"), rounding=ROUND_DOWN),
    )


def _level_size(size: Decimal, quantity: Decimal, instrument: Instrument) -> Decimal:
    """In whole lots, and never so small that an order would walk through more than MOST_LEVELS levels."""
    wanted = max(instrument.round_quantity(size), quantity / MOST_LEVELS)
    lots = instrument.round_quantity(wanted)
    return lots if lots == wanted and lots > 0 else lots + instrument.lot_step or wanted


def _order(row: PaperOrder) -> Order:
    filled = row.filled_quantity
    return Order(
        client_order_id=row.client_order_id,
        exchange_order_id=str(row.pk),
        symbol=row.symbol,
        side=Side(row.side),
        order_type=OrderType(row.order_type),
        status=OrderStatus(row.status),
        quantity=row.quantity,
        filled_quantity=filled,
        average_price=row.filled_quote / filled if filled > ZERO else None,
        limit_price=row.limit_price,
        stop_price=row.stop_price,
        updated_at=row.updated_at,
    )


def _fill(row: PaperFill) -> Fill:
    return Fill(
        fill_id=str(row.pk),
        exchange_order_id=str(row.order_id),
        symbol=row.order.symbol,
        side=Side(row.order.side),
        price=row.price,
        quantity=row.quantity,
        fee=row.fee,
        fee_asset=row.fee_asset,
        executed_at=row.executed_at,
    )
