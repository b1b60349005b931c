"""The paper adapter: another venue's public data, our own books, and the fill model of `exchanges/matching.py`.

Market orders fill at once against the venue's quote. Limit orders and stops rest; they, and open positions, are settled
when the account is asked about, by walking the venue's one-minute candles since they were last looked at.

An account has a wallet per market type, each with the starting balances. What margin and futures do: `leverage.py`.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from django.db.models import QuerySet

from exchanges import matching
from exchanges.adapters.paper import answers, settlement
from exchanges.adapters.paper.books import Books, SpotBooks, locked, read_balances
from exchanges.adapters.paper.leverage import PositionBooks
from exchanges.base import (
    ZERO,
    Balance,
    BaseExchange,
    Candle,
    ExchangeCapabilities,
    Fill,
    FundingPayment,
    FundingRate,
    Instrument,
    KeyPermissions,
    MarginMode,
    MarketType,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Position,
    Quote,
    Side,
    VenueStatus,
)
from exchanges.errors import InvalidOrder, NotSupported, OrderNotFound, OrderRejected
from exchanges.models import PaperFill, PaperOrder, PaperPayment, PaperPosition

# An account that nobody asked about for longer is settled in several goes.
CANDLES_PER_SETTLEMENT = 5000
# Venues pay funding on full hours, and publish the rate within moments.
HOUR = timedelta(hours=1)
RATES_ARE_LATE = timedelta(minutes=10)
# Where a venue takes no stop market orders, the stop's limit stands this far through its trigger price.
STOP_LIMIT_BPS = Decimal(100)


class PaperExchange(BaseExchange):
    """`account` is the id of the paper credential that the books are kept under."""

    def __init__(
        self, venue: BaseExchange, account: UUID, *, margin_mode: MarginMode = MarginMode.CROSS, leverage: int = 1
    ) -> None:
        super().__init__(
            "",
            "",
            testnet=False,
            market_type=venue.market_type,
            margin_mode=margin_mode,
            leverage=leverage,
            base_url=venue.base_url,
        )
        self.venue = venue
        self.account = account
        self.name = venue.name
        self.title = f"{venue.title} (paper)"
        self.fee_rate = venue.fee_rate
        self.candles_served = venue.candles_served

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

    def get_status(self) -> VenueStatus:
        return self.venue.get_status()

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

    def get_funding_rates(self, symbol: str, *, since: datetime) -> list[FundingRate]:
        return self.venue.get_funding_rates(symbol, since=since)

    # --- the account
    def get_key_permissions(self) -> KeyPermissions:
        return KeyPermissions(can_read=True, can_trade=True, can_withdraw=False)

    def get_balances(self) -> dict[str, Balance]:
        """Of margin and futures: what positions are losing now is not free."""
        self._settle()
        balances = read_balances(self.account, self.market_type)
        books = self._books()
        if isinstance(books, PositionBooks):
            for asset in {row.asset for row in books.rows().values()} & set(balances):
                total, lost = balances[asset].total, books.losses(asset)
                free = max(ZERO, balances[asset].free - lost)
                balances[asset] = Balance(asset, free, total - free)
        return balances

    def submit_order(self, request: OrderRequest) -> Order:
        instrument = self.instrument(request.symbol)
        quote = self.venue.get_quote(request.symbol)
        price = (quote.bid + quote.ask) / 2
        self.require_valid(request, instrument, price)
        if request.trailing_pct is not None:
            request = replace(request, stop_price=_first_stop(request.side, price, request.trailing_pct, instrument))
        executions = self._taken(request, quote, price, instrument)
        now = self.venue.get_server_time()
        self._settle()
        self._liquidate(instrument, price, quote, now)
        with self._locked() as books:
            order = books.open_order(request, instrument, executions, price=price, now=now)
        return answers.order(order)

    def create_oco_order(
        self,
        symbol: str,
        side: Side,
        quantity: Decimal,
        *,
        take_profit_price: Decimal,
        stop_price: Decimal,
        client_order_ids: tuple[str, str],
    ) -> tuple[Order, ...]:
        """Two orders at every venue: a limit order at the take profit, and a stop."""
        if not self.capabilities.oco_orders:
            raise self.not_supported("create_oco_order")
        side = Side(side)
        instrument = self.instrument(symbol)
        quote = self.venue.get_quote(symbol)
        price = (quote.bid + quote.ask) / 2
        stop_type, stop_limit = self._stop(OrderType.STOP_LOSS, side, stop_price, instrument)
        profit = OrderRequest(
            client_order_ids[0], symbol, side, OrderType.LIMIT, quantity, take_profit_price, reduce_only=True
        )
        stop = OrderRequest(
            client_order_ids[1], symbol, side, stop_type, quantity, stop_limit, stop_price, reduce_only=True
        )
        for request in (profit, stop):
            self.require_valid(request, instrument, price)
            if self._taken(request, quote, price, instrument):
                raise self._rejected(f"The take profit would be reached immediately: the price is {price}.")
        now = self.venue.get_server_time()
        self._settle()
        self._liquidate(instrument, price, quote, now)
        with self._locked() as books:
            group = uuid4().hex
            held = max(books.needed(profit, instrument, ()), books.needed(stop, instrument, ()))
            orders = [
                books.open_order(request, instrument, price=price, now=now, group=group, locked=amount)
                for request, amount in ((profit, held), (stop, ZERO))
            ]
        return tuple(answers.order(order) for order in orders)

    def create_stop_loss_order(
        self,
        symbol: str,
        side: Side,
        quantity: Decimal,
        stop_price: Decimal,
        *,
        client_order_id: str,
        limit_price: Decimal | None = None,
        reduce_only: bool = True,
    ) -> Order:
        if limit_price is None:
            limit_price = self._stop(OrderType.STOP_LOSS, Side(side), stop_price, self.instrument(symbol))[1]
        return super().create_stop_loss_order(
            symbol,
            side,
            quantity,
            stop_price,
            client_order_id=client_order_id,
            limit_price=limit_price,
            reduce_only=reduce_only,
        )

    def create_take_profit_order(
        self,
        symbol: str,
        side: Side,
        quantity: Decimal,
        stop_price: Decimal,
        *,
        client_order_id: str,
        limit_price: Decimal | None = None,
        reduce_only: bool = True,
    ) -> Order:
        if limit_price is None:
            limit_price = self._stop(OrderType.TAKE_PROFIT, Side(side), stop_price, self.instrument(symbol))[1]
        return super().create_take_profit_order(
            symbol,
            side,
            quantity,
            stop_price,
            client_order_id=client_order_id,
            limit_price=limit_price,
            reduce_only=reduce_only,
        )

    def cancel_order(self, symbol: str, client_order_id: str) -> Order:
        """One of a group takes the others with it."""
        self._settle()
        instrument = self.instrument(symbol)
        now = self.venue.get_server_time()
        with self._locked() as books:
            order = next(
                (order for order in books.open_orders_of(symbol) if order.client_order_id == client_order_id), None
            )
            if order is None:
                self._find(symbol, client_order_id)
                raise OrderNotFound("No open order has that id.", exchange=self.name, operation="cancel_order")
            for canceled in (order, *books.group_of(order)):
                books.finish(canceled, instrument, OrderStatus.CANCELED, now=now)
        return answers.order(order)

    def get_order(self, symbol: str, client_order_id: str) -> Order:
        self._settle()
        return answers.order(self._find(symbol, client_order_id))

    def get_open_orders(self, symbol: str | None = None) -> list[Order]:
        self._settle()
        orders = self._books().open_orders()
        return [answers.order(order) for order in orders if symbol is None or order.symbol == symbol]

    def get_fills(self, symbol: str, *, exchange_order_id: str) -> list[Fill]:
        self._settle()
        return [answers.fill(row) for row in self._fills(symbol).filter(order_id=int(exchange_order_id))]

    # --- the account's positions
    def get_positions(self, symbol: str | None = None) -> list[Position]:
        self._settle()
        books = self._books()
        if not isinstance(books, PositionBooks):
            return []
        open_rows = [row for row in books.rows().values() if row.quantity and symbol in (None, row.symbol)]
        marks = {row.symbol: self.venue.get_current_price(row.symbol) for row in open_rows}
        return [
            answers.position(row, mark_price=marks[row.symbol], liquidation_price=books.liquidation_price(row))
            for row in open_rows
        ]

    def apply_leverage(self, symbol: str) -> None:
        if self.market_type is MarketType.SPOT:
            return
        if self.margin_mode not in (self.capabilities.margin_modes or tuple(MarginMode)):
            raise self.not_supported(f"{self.margin_mode} margin")
        instrument = self.instrument(symbol)
        self._settle()
        with self._locked() as books:
            if isinstance(books, PositionBooks):
                books.apply_leverage(instrument)

    def get_funding_payments(self, symbol: str, *, since: datetime) -> list[FundingPayment]:
        self._settle()
        rows = PaperPayment.objects.filter(
            credential=self.account, market_type=self.market_type, symbol=symbol, paid_at__gte=since
        ).exclude(kind=PaperPayment.Kind.SHORTFALL)
        return [FundingPayment(str(row.pk), row.symbol, row.amount, row.asset, row.paid_at) for row in rows]

    def get_liquidations(self, symbol: str, *, since: datetime) -> list[Fill]:
        self._settle()
        rows = self._fills(symbol).filter(order__is_liquidation=True, executed_at__gte=since)
        return [answers.fill(row) for row in rows]

    # --- new orders
    def require_valid(self, request: OrderRequest, instrument: Instrument, price: Decimal | None = None) -> None:
        if request.reduce_only and self.market_type is MarketType.FUTURES:
            instrument = replace(instrument, min_notional=ZERO)  # what is left of a position may be worth less
        super().require_valid(request, instrument, price)

    def _taken(
        self, request: OrderRequest, quote: Quote, price: Decimal, instrument: Instrument
    ) -> tuple[matching.Execution, ...]:
        """What a new order gets from the book at once."""
        working = settlement.working(request)
        if working.waits_for_trigger and working.is_triggered_by(price):
            raise InvalidOrder(
                f"The order would trigger immediately: the price is {price}.",
                exchange=self.name,
                operation="submit_order",
            )
        book = settlement.book_of_quote(quote, request.side, request.quantity, instrument)
        _, executions = matching.enter(working, price, book)
        if request.post_only and executions:
            raise self._rejected(f"The order would take from the book: the price is {price}.")
        return executions

    def _rejected(self, message: str) -> OrderRejected:
        return OrderRejected(message, exchange=self.name, operation="submit_order")

    def _stop(
        self, kind: OrderType, side: Side, stop_price: Decimal, instrument: Instrument
    ) -> tuple[OrderType, Decimal | None]:
        """A market order, or a limit through the trigger price where the venue takes only those."""
        with_limit = OrderType(f"{kind}_LIMIT")
        taken = set(self.capabilities.order_types)
        if instrument.order_types:
            taken &= set(instrument.order_types)
        if kind in taken or with_limit not in taken:
            return kind, None
        away = stop_price * STOP_LIMIT_BPS / 10_000
        return with_limit, instrument.round_price(stop_price - away if side is Side.SELL else stop_price + away, side)

    def _liquidate(self, instrument: Instrument, price: Decimal, quote: Quote, now: datetime) -> None:
        """What the minute that is still open did to the position, before anything is added to it or taken away."""
        if self._books().position(instrument.symbol) is None:
            return
        with self._locked() as books:
            if isinstance(books, PositionBooks):
                settlement.liquidate_at(books, instrument, price, quote, now)

    # --- settlement
    def _settle(self) -> None:
        """Let the market since the last look act on resting orders and open positions."""
        books = self._books()
        since: dict[str, datetime] = {}
        for order in books.open_orders():
            since[order.symbol] = min(order.settled_until, since.get(order.symbol, order.settled_until))
        for row in books.rows().values() if isinstance(books, PositionBooks) else ():
            if row.quantity and row.settled_until is not None:
                since[row.symbol] = min(row.settled_until, since.get(row.symbol, row.settled_until))
        if not since:
            return
        now = self.venue.get_server_time()
        found = [self._news(symbol, start, books.position(symbol), now) for symbol, start in since.items()]
        news = [market for market in found if market is not None]
        if news:
            with self._locked() as books:
                settlement.settle(books, news)

    def _news(self, symbol: str, since: datetime, row: PaperPosition | None, now: datetime) -> settlement.News | None:
        minute = since.replace(second=0, microsecond=0)
        if now < minute + settlement.MINUTE:
            return None  # no candle has closed since
        candles = self.venue.get_candles(symbol, "1m", since=minute, limit=CANDLES_PER_SETTLEMENT)
        candles = [candle for candle in candles if candle.open_time + settlement.MINUTE > since]
        if not candles:
            return None
        rates, read_until = self._rates(symbol, row, now)
        if len(candles) >= CANDLES_PER_SETTLEMENT:
            read_until = None  # not all of them are booked yet
        return settlement.News(self.instrument(symbol), candles, rates, read_until)

    def _rates(
        self, symbol: str, row: PaperPosition | None, now: datetime
    ) -> tuple[list[FundingRate], datetime | None]:
        """Funding rates that a futures position may not have paid yet, and up to when they are complete.

        Asked for once an hour, and again in its first minutes, because a venue may publish them late.
        """
        if self.market_type is not MarketType.FUTURES or row is None or row.charged_until is None:
            return [], None
        hour = now.replace(minute=0, second=0, microsecond=0)
        if row.rates_read_until is not None and row.rates_read_until >= hour:
            return [], None
        try:
            rates = self.venue.get_funding_rates(symbol, since=row.charged_until)
        except NotSupported:
            rates = []
        return rates, hour if now - hour >= RATES_ARE_LATE else None

    def _find(self, symbol: str, client_order_id: str) -> PaperOrder:
        found = self._books().orders().filter(symbol=symbol, client_order_id=client_order_id).first()
        if found is None:
            raise OrderNotFound("No order has that id.", exchange=self.name)
        return found

    def _fills(self, symbol: str) -> QuerySet[PaperFill]:
        return PaperFill.objects.filter(
            order__credential=self.account, order__market_type=self.market_type, order__symbol=symbol
        ).select_related("order")

    def _books(self) -> Books:
        if self.market_type is MarketType.SPOT:
            return SpotBooks(self.account, market_type=self.market_type, exchange=self.name, fee_rate=self.fee_rate)
        return PositionBooks(
            self.account,
            market_type=self.market_type,
            exchange=self.name,
            fee_rate=self.fee_rate,
            leverage=self.leverage,
            margin_mode=self.margin_mode,
        )

    def _locked(self) -> AbstractContextManager[Books]:
        return locked(self._books())


def _first_stop(side: Side, price: Decimal, distance_pct: Decimal, instrument: Instrument) -> Decimal:
    """Where a trailing stop begins: what it locks is counted at that price."""
    share = distance_pct / 100
    return instrument.round_stop_price(price * (1 - share if side is Side.SELL else 1 + share), side)
