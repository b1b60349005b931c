"""The books of one paper account: balances, orders and fills, changed only while the account is locked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import ROUND_HALF_EVEN, ROUND_UP, Decimal
from uuid import UUID

from django.conf import settings
from django.db import transaction

from exchanges.base import ZERO, Balance, Instrument, OrderRequest, OrderStatus, OrderType, Side
from exchanges.errors import (
    AuthenticationError,
    InsufficientFunds,
    OrderOutcomeUnknown,
    TransientExchangeError,
)
from exchanges.matching import Execution
from exchanges.models import ExchangeCredential, PaperBalance, PaperFill, PaperOrder

SMALLEST_AMOUNT = Decimal("0.00000001")  # venues book in steps of 1e-8


def starting_balance(asset: str) -> Decimal:
    return Decimal(settings.PAPER_STARTING_BALANCES.get(asset, "0"))


def read_balances(account: UUID) -> dict[str, Balance]:
    """What was booked, and the starting balance of every asset that was never touched."""
    balances = {asset: Balance(asset, starting_balance(asset)) for asset in settings.PAPER_STARTING_BALANCES}
    for row in PaperBalance.objects.filter(credential=account):
        balances[row.asset] = Balance(row.asset, row.free, row.used)
    return {asset: balance for asset, balance in balances.items() if balance.total}


@contextmanager
def locked(account: UUID, *, exchange: str, fee_rate: Decimal) -> Iterator[Books]:
    """One transaction with the account to itself. An exception undoes all of it.

    PostgreSQL locks the credential's row; SQLite lets one writer in at a time. Where a database would allow more, the
    conditional updates of `Books.move` refuse.
    """
    with transaction.atomic():
        rows = ExchangeCredential.objects.select_for_update(no_key=True).filter(pk=account)
        if not list(rows.values_list("pk")):
            raise AuthenticationError("This paper account no longer exists.", exchange=exchange)
        yield Books(account, exchange=exchange, fee_rate=fee_rate)


class Books:
    """Made by `locked()` only."""

    def __init__(self, account: UUID, *, exchange: str, fee_rate: Decimal) -> None:
        self.account = account
        self.exchange = exchange
        self.fee_rate = fee_rate

    # --- balances
    def move(self, asset: str, *, free: Decimal = ZERO, used: Decimal = ZERO) -> None:
        """Change a balance. InsufficientFunds if there is not that much."""
        row, _ = PaperBalance.objects.get_or_create(
            credential_id=self.account, asset=asset, defaults={"free": starting_balance(asset)}
        )
        if row.free + free < 0 or row.used + used < 0:
            raise InsufficientFunds(
                f"{_figure(row.free)} {asset} are free, and this needs {_figure(-free)} {asset}.",
                exchange=self.exchange,
            )
        changed = PaperBalance.objects.filter(pk=row.pk, free=row.free, used=row.used).update(
            free=row.free + free, used=row.used + used
        )
        if not changed:
            raise TransientExchangeError("The paper account is busy.", exchange=self.exchange)

    # --- orders
    def open_order(
        self,
        request: OrderRequest,
        instrument: Instrument,
        executions: tuple[Execution, ...],
        *,
        price: Decimal,
        now: datetime,
    ) -> PaperOrder:
        """Lock what the order may need, book what it took at once, let the rest stand."""
        mine = PaperOrder.objects.filter(credential=self.account)
        if mine.filter(client_order_id=request.client_order_id).exists():
            raise OrderOutcomeUnknown(
                "There is an order of that client order id already.",
                exchange=self.exchange,
                operation="submit_order",
            )
        needed = _needed(request, executions)
        self.move(_paid_in(request.side, instrument), free=-needed, used=needed)
        order = PaperOrder.objects.create(
            credential_id=self.account,
            client_order_id=request.client_order_id,
            symbol=request.symbol,
            side=request.side.value,
            order_type=request.order_type.value,
            quantity=request.quantity,
            limit_price=request.limit_price,
            stop_price=request.stop_price,
            locked=needed,
            created_at=now,
            updated_at=now,
            settled_until=now,
            settled_price=price,
        )
        for execution in executions:
            self.fill(order, instrument, execution, now=now)
        if order.is_open and request.order_type is OrderType.MARKET:
            self.finish(order, instrument, OrderStatus.EXPIRED, now=now)  # the book held no more
        return order

    def fill(self, order: PaperOrder, instrument: Instrument, execution: Execution, *, now: datetime) -> None:
        """Book one execution: pay from what is locked, receive the other asset less the fee."""
        side = Side(order.side)
        worth = _to_amount(execution.price * execution.quantity)
        paid, received = (worth, execution.quantity) if side is Side.BUY else (execution.quantity, worth)
        fee = (received * self.fee_rate).quantize(SMALLEST_AMOUNT, rounding=ROUND_UP)
        unlocked = min(order.locked, _reserved(order, execution, paid))
        self.move(_paid_in(side, instrument), free=unlocked - paid, used=-unlocked)
        self.move(_received_in(side, instrument), free=received - fee)

        order.locked -= unlocked
        order.filled_quantity += execution.quantity
        order.filled_quote += worth
        order.status = OrderStatus.PARTIALLY_FILLED.value
        order.updated_at = now
        PaperFill.objects.create(
            order=order,
            price=execution.price,
            quantity=execution.quantity,
            fee=fee,
            fee_asset=_received_in(side, instrument),
            is_maker=execution.is_maker,
            executed_at=now,
        )
        if order.filled_quantity >= order.quantity:
            self.finish(order, instrument, OrderStatus.FILLED, now=now)
        else:
            order.save()

    def finish(self, order: PaperOrder, instrument: Instrument, status: OrderStatus, *, now: datetime) -> None:
        """The order is over; what it still locks is free again."""
        if order.locked:
            self.move(_paid_in(Side(order.side), instrument), free=order.locked, used=-order.locked)
        order.locked = ZERO
        order.is_open = False
        order.status = status.value
        order.updated_at = now
        order.save()


def _paid_in(side: Side, instrument: Instrument) -> str:
    return instrument.quote if side is Side.BUY else instrument.base


def _received_in(side: Side, instrument: Instrument) -> str:
    return instrument.base if side is Side.BUY else instrument.quote


def _needed(request: OrderRequest, executions: tuple[Execution, ...]) -> Decimal:
    """What a new order locks: all it can cost at its own price, or what it is about to take."""
    if request.side is Side.SELL:
        return request.quantity
    price = request.limit_price or request.stop_price
    if price is not None:
        return _to_amount(request.quantity * price)
    return sum((_to_amount(taken.price * taken.quantity) for taken in executions), ZERO)


def _reserved(order: PaperOrder, execution: Execution, paid: Decimal) -> Decimal:
    """How much of what is locked belongs to this execution."""
    price = order.limit_price or order.stop_price
    if order.side == Side.SELL or price is None:
        return paid
    return _to_amount(execution.quantity * price)


def _to_amount(value: Decimal) -> Decimal:
    return value.quantize(SMALLEST_AMOUNT, rounding=ROUND_HALF_EVEN)


def _figure(value: Decimal) -> str:
    return f"{value.normalize():f}"
