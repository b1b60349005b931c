"""The books of one paper wallet: balances, orders and fills, changed only while the account is locked.

`SpotBooks` pay with one asset and receive the other; `leverage.PositionBooks` set margin aside for positions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import ROUND_HALF_EVEN, ROUND_UP, Decimal
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from exchanges.base import ZERO, Balance, Instrument, MarketType, OrderRequest, OrderStatus, OrderType, Side
from exchanges.errors import (
    AuthenticationError,
    InsufficientFunds,
    OrderOutcomeUnknown,
    TransientExchangeError,
)
from exchanges.matching import Execution
from exchanges.models import ExchangeCredential, PaperBalance, PaperFill, PaperOrder, PaperPosition

SMALLEST_AMOUNT = Decimal("0.00000001")  # of fees, margins and payments
EXACT = Decimal("0.000000000001")  # what a column holds: a price times a quantity fits in, and is not rounded


def starting_balance(asset: str) -> Decimal:
    """What every wallet begins with."""
    return Decimal(settings.PAPER_STARTING_BALANCES.get(asset, "0"))


def read_balances(account: UUID, market_type: MarketType) -> dict[str, Balance]:
    """What was booked, and the starting balance of every asset that was never touched."""
    balances = {asset: Balance(asset, starting_balance(asset)) for asset in settings.PAPER_STARTING_BALANCES}
    for row in PaperBalance.objects.filter(credential=account, market_type=market_type):
        balances[row.asset] = Balance(row.asset, row.free, row.used)
    return {asset: balance for asset, balance in balances.items() if balance.total}


class Books(ABC):
    """Of one wallet, and made by `locked()` only."""

    def __init__(self, account: UUID, *, market_type: MarketType, exchange: str, fee_rate: Decimal) -> None:
        self.account = account
        self.market_type = market_type
        self.exchange = exchange
        self.fee_rate = fee_rate
        self._orders: list[PaperOrder] | None = None
        self._balances: dict[str, PaperBalance] = {}

    # --- balances
    def balance(self, asset: str) -> PaperBalance:
        """Read once."""
        if asset not in self._balances:
            self._balances[asset], _ = PaperBalance.objects.get_or_create(
                credential_id=self.account,
                market_type=self.market_type,
                asset=asset,
                defaults={"free": starting_balance(asset)},
            )
        return self._balances[asset]

    def write(self, row: PaperBalance, *, free: Decimal, used: Decimal) -> None:
        """Replace what was read."""
        if (row.free, row.used) == (free, used):
            return
        changed = PaperBalance.objects.filter(pk=row.pk, free=row.free, used=row.used).update(free=free, used=used)
        if not changed:
            raise TransientExchangeError("The paper account is busy.", exchange=self.exchange)
        row.free, row.used = free, used

    def insufficient(self, free: Decimal, needed: Decimal, asset: str) -> InsufficientFunds:
        return InsufficientFunds(
            f"{_figure(free)} {asset} are free, and this needs {_figure(needed)} {asset}.", exchange=self.exchange
        )

    # --- orders
    def orders(self) -> QuerySet[PaperOrder]:
        return PaperOrder.objects.filter(credential=self.account, market_type=self.market_type)

    def open_orders(self) -> list[PaperOrder]:
        """Read once; what happens to an order afterwards shows in these same objects."""
        if self._orders is None:
            self._orders = list(self.orders().filter(is_open=True))
        return self._orders

    def open_orders_of(self, symbol: str) -> list[PaperOrder]:
        return [order for order in self.open_orders() if order.is_open and order.symbol == symbol]

    def position(self, symbol: str) -> PaperPosition | None:
        """The open one. A spot wallet has none."""
        return None

    @abstractmethod
    def needed(self, request: OrderRequest, instrument: Instrument, executions: tuple[Execution, ...]) -> Decimal:
        """What a new order locks."""

    @abstractmethod
    def lock(self, order: PaperOrder, instrument: Instrument) -> None:
        """Set `order.locked` aside. InsufficientFunds if there is not that much."""

    @abstractmethod
    def unlock(self, order: PaperOrder, instrument: Instrument) -> None:
        """Give back what a finished order locked."""

    @abstractmethod
    def fill(self, order: PaperOrder, instrument: Instrument, execution: Execution, *, now: datetime) -> None:
        """Book one execution. InsufficientFunds, and nothing booked, if the account cannot carry it."""

    def open_order(
        self,
        request: OrderRequest,
        instrument: Instrument,
        executions: tuple[Execution, ...] = (),
        *,
        price: Decimal,
        now: datetime,
        group: str = "",
        locked: Decimal | None = None,
    ) -> PaperOrder:
        """Lock what the order may need, book what it took at once, let the rest stand.

        `price`: where the market is. `locked`: instead of what the order needs by itself, when another of its group
        holds that for both.
        """
        mine = PaperOrder.objects.filter(credential=self.account)
        if mine.filter(client_order_id=request.client_order_id).exists():
            raise OrderOutcomeUnknown(
                "There is an order of that client order id already.",
                exchange=self.exchange,
                operation="submit_order",
            )
        order = PaperOrder(
            credential_id=self.account,
            market_type=self.market_type,
            client_order_id=request.client_order_id,
            symbol=request.symbol,
            side=request.side.value,
            order_type=request.order_type.value,
            quantity=request.quantity,
            limit_price=request.limit_price,
            stop_price=request.stop_price,
            trailing_pct=request.trailing_pct,
            best_price=price if request.trailing_pct is not None else None,
            reduce_only=request.reduce_only,
            group=group,
            locked=self.needed(request, instrument, executions) if locked is None else locked,
            created_at=now,
            updated_at=now,
            settled_until=now,
            settled_price=price,
        )
        self.open_orders().append(order)
        self.lock(order, instrument)
        order.save()
        for execution in executions:
            if order.is_open:
                self.fill(order, instrument, execution, now=now)
        if order.is_open and request.order_type is OrderType.MARKET:
            self.finish(order, instrument, OrderStatus.EXPIRED, now=now)  # the book held no more
        return order

    def record_fill(
        self,
        order: PaperOrder,
        execution: Execution,
        *,
        fee: Decimal,
        fee_asset: str,
        now: datetime,
        realised_pnl: Decimal = ZERO,
    ) -> None:
        """The fill's row and the order's sums (not saved here)."""
        order.filled_quantity += execution.quantity
        order.filled_quote += to_amount(execution.price * execution.quantity)
        order.status = OrderStatus.PARTIALLY_FILLED.value
        order.updated_at = now
        PaperFill.objects.create(
            order=order,
            price=execution.price,
            quantity=execution.quantity,
            fee=fee,
            fee_asset=fee_asset,
            realised_pnl=realised_pnl,
            is_maker=execution.is_maker,
            executed_at=now,
        )

    def finish(self, order: PaperOrder, instrument: Instrument, status: OrderStatus, *, now: datetime) -> None:
        """The order is over; what it still locks is free again."""
        self.unlock(order, instrument)
        order.locked = ZERO
        order.is_open = False
        order.status = status.value
        order.updated_at = now
        order.save()

    def group_of(self, order: PaperOrder) -> list[PaperOrder]:
        """The open orders that the end of this one ends."""
        others = self.open_orders_of(order.symbol) if order.group else []
        return [other for other in others if other.pk != order.pk and other.group == order.group]

    def take_over(self, order: PaperOrder, instrument: Instrument, *, now: datetime) -> None:
        """One of a group acts: the others are over, and what they locked is now its own."""
        for other in self.group_of(order):
            order.locked += other.locked
            other.locked = ZERO
            self.finish(other, instrument, OrderStatus.EXPIRED, now=now)


class SpotBooks(Books):
    def move(self, asset: str, *, free: Decimal = ZERO, used: Decimal = ZERO) -> None:
        """Change a balance. InsufficientFunds if there is not that much."""
        row = self.balance(asset)
        if row.free + free < 0 or row.used + used < 0:
            raise self.insufficient(row.free, -free, asset)
        self.write(row, free=row.free + free, used=row.used + used)

    def needed(self, request: OrderRequest, instrument: Instrument, executions: tuple[Execution, ...]) -> Decimal:
        """All it can cost at its own price, or what it is about to take."""
        if request.side is Side.SELL:
            return request.quantity
        price = request.limit_price or request.stop_price
        if price is not None:
            return to_amount(request.quantity * price)
        return sum((to_amount(taken.price * taken.quantity) for taken in executions), ZERO)

    def lock(self, order: PaperOrder, instrument: Instrument) -> None:
        self.move(_paid_in(Side(order.side), instrument), free=-order.locked, used=order.locked)

    def unlock(self, order: PaperOrder, instrument: Instrument) -> None:
        if order.locked:
            self.move(_paid_in(Side(order.side), instrument), free=order.locked, used=-order.locked)

    def fill(self, order: PaperOrder, instrument: Instrument, execution: Execution, *, now: datetime) -> None:
        """Pay from what is locked, receive the other asset less the fee."""
        side = Side(order.side)
        worth = to_amount(execution.price * execution.quantity)
        paid, received = (worth, execution.quantity) if side is Side.BUY else (execution.quantity, worth)
        fee = fee_of(received, self.fee_rate)
        unlocked = min(order.locked, _reserved(order, execution, paid))
        self.move(_paid_in(side, instrument), free=unlocked - paid, used=-unlocked)
        self.move(_received_in(side, instrument), free=received - fee)
        order.locked -= unlocked
        self.record_fill(order, execution, fee=fee, fee_asset=_received_in(side, instrument), now=now)
        if order.filled_quantity >= order.quantity:
            self.finish(order, instrument, OrderStatus.FILLED, now=now)
        else:
            order.save()


SomeBooks = TypeVar("SomeBooks", bound=Books)


@contextmanager
def locked(books: SomeBooks) -> Iterator[SomeBooks]:
    """One transaction with the account to itself. An exception undoes all of it.

    PostgreSQL locks the credential's row; SQLite lets one writer in at a time. Where a database would allow more, the
    conditional updates of `Books.write` refuse.
    """
    with transaction.atomic():
        rows = ExchangeCredential.objects.select_for_update(no_key=True).filter(pk=books.account)
        if not list(rows.values_list("pk")):
            raise AuthenticationError("This paper account no longer exists.", exchange=books.exchange)
        yield books


def _paid_in(side: Side, instrument: Instrument) -> str:
    return instrument.quote if side is Side.BUY else instrument.base


def _received_in(side: Side, instrument: Instrument) -> str:
    return instrument.base if side is Side.BUY else instrument.quote


def _reserved(order: PaperOrder, execution: Execution, paid: Decimal) -> Decimal:
    """How much of what is locked belongs to this execution."""
    price = order.limit_price or order.stop_price
    if order.side == Side.SELL or price is None:
        return paid
    return to_amount(execution.quantity * price)


def to_amount(value: Decimal) -> Decimal:
    return value.quantize(EXACT, rounding=ROUND_HALF_EVEN)


def fee_of(worth: Decimal, fee_rate: Decimal) -> Decimal:
    return (worth * fee_rate).quantize(SMALLEST_AMOUNT, rounding=ROUND_UP)


def _figure(value: Decimal) -> str:
    return f"{value.normalize():f}"
