"""Funding, rollover and interest: what the venue took or gave for holding positions, booked to subscriptions.

A payment belongs to the subscriptions that held its market on that account when it was paid, in proportion to what each
held by its own fills. A payment that the venue tells with several markets (interest of a cross margin account) is borne
by all of those, in proportion to what their positions cost. What a user holds there by hand bears nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import structlog
from django.core.cache import cache
from django.db import transaction
from django.db.models import OuterRef, Q, Subquery

from exchanges import base
from exchanges.base import ZERO, BaseExchange, MarketType, Side
from exchanges.errors import NotSupported, TransientExchangeError
from exchanges.models import ExchangeCredential
from subscriptions.booking import value_in_quote
from subscriptions.models import EquityPoint, Fill, FundingPayment, Position, Subscription, Trade
from subscriptions.performance import apply_funding
from subscriptions.positions import lock_positions, shared

log = structlog.get_logger(__name__)

# A venue may book a payment some time after the hour it is for, or after the position was closed.
LATE = timedelta(hours=1)
SMALLEST = Decimal("1e-12")
TICK = timedelta(microseconds=1)
CHECK_SECONDS = 300  # payments come hourly at most


@dataclass
class Held:
    """A subscription and its fills, from which follows what it held at any time."""

    subscription: Subscription
    fills: list[Fill] = field(default_factory=list)

    def quantity_at(self, when: datetime) -> Decimal:
        quantity = ZERO
        for fill in self.fills:
            if fill.executed_at <= when:  # what opening a position costs is told with the time of its fill
                sign = 1 if fill.order.side == Side.BUY else -1
                in_base = fill.fee_asset == self.subscription.base_asset
                quantity += sign * fill.quantity - (fill.fee if in_base else ZERO)
        return max(ZERO, quantity)

    def cost_at(self, when: datetime) -> Decimal:
        """About what it paid for what it held then: at the price of its newest entry before."""
        entries = [fill.price for fill in self.fills if fill.executed_at <= when and fill.order.side == Side.BUY]
        return entries[-1] * self.quantity_at(when) if entries else ZERO


def book_payments(*, credential: ExchangeCredential, exchange: BaseExchange) -> None:
    """Read what was paid since the last look, and book it: after every fill, and else once in CHECK_SECONDS."""
    due = _due(credential, exchange)
    if not due:
        return
    key = f"funding:{credential.pk}:{exchange.market_type}:{exchange.margin_mode}"
    is_time = not CHECK_SECONDS or cache.add(key, 1, CHECK_SECONDS)
    if not is_time and not any(_has_traded(position) for position in due):
        return
    now = exchange.get_server_time()
    try:
        payments = _read(due, exchange, now)
        rates = _rates(payments, exchange)
    except NotSupported:
        payments, rates = [], {}
    except TransientExchangeError as error:
        cache.delete(key)
        log.warning("funding_unknown", credential=str(credential.pk), error=str(error))
        return
    booked = FundingPayment.objects.filter(
        subscription__credential=credential,
        subscription__market_type=exchange.market_type,
        payment_id__in=[payment.told.payment_id for payment in payments],
    )
    known = set(booked.values_list("payment_id", flat=True))
    new = [payment for payment in payments if payment.told.payment_id not in known]
    holders = _holders(credential, exchange, {symbol for payment in new for symbol in payment.symbols})
    for payment in new:
        _book(payment, rates, holders, now)
    _mark_read(due, now)


@dataclass
class Payment:
    """As the venue told it, and the symbols that it told it for."""

    told: base.FundingPayment
    symbols: list[str]


def _read(due: Iterable[Position], exchange: BaseExchange, now: datetime) -> list[Payment]:
    since: dict[str, datetime] = {}
    for position in due:
        symbol, read = position.subscription.symbol, position.funding_read_until or now
        since[symbol] = min(read - LATE, since.get(symbol, now))
    found: dict[str, Payment] = {}
    for symbol, start in since.items():
        for told in exchange.get_funding_payments(symbol, since=start):
            found.setdefault(told.payment_id, Payment(told, [])).symbols.append(symbol)
    return sorted(found.values(), key=lambda payment: payment.told.paid_at)


def _rates(payments: Iterable[Payment], exchange: BaseExchange) -> dict[tuple[str, str], Decimal]:
    """(asset, symbol) -> what one unit of the asset is worth in the symbol's quote."""
    needed = {(payment.told.asset, symbol) for payment in payments for symbol in payment.symbols}
    return {
        (asset, symbol): value_in_quote(Decimal(1), asset, symbol=symbol, exchange=exchange) for asset, symbol in needed
    }


def _due(credential: ExchangeCredential, exchange: BaseExchange) -> list[Position]:
    rows = Position.objects.filter(
        Q(subscription__status__in=Subscription.ACTIVE) | Q(opened_at__isnull=True),
        is_funding_due=True,
        subscription__credential=credential,
        subscription__market_type=exchange.market_type,
    )
    if exchange.market_type is MarketType.MARGIN:
        rows = rows.filter(subscription__margin_mode=exchange.margin_mode)
    last_fill = Fill.objects.filter(order__subscription=OuterRef("subscription")).order_by("-executed_at")
    rows = rows.annotate(last_fill=Subquery(last_fill.values("executed_at")[:1]))
    return list(rows.select_related("subscription").order_by("pk"))


def _has_traded(position: Any) -> bool:
    """Since the last look."""
    return position.last_fill is not None and (
        position.funding_read_until is None or position.last_fill >= position.funding_read_until
    )


def _holders(credential: ExchangeCredential, exchange: BaseExchange, symbols: set[str]) -> Mapping[str, list[Held]]:
    """By symbol everybody who ever held it on this account."""
    rows = Fill.objects.filter(
        order__credential=credential,
        order__symbol__in=symbols,
        order__subscription__market_type=exchange.market_type,
    )
    if exchange.market_type is MarketType.MARGIN:
        rows = rows.filter(order__subscription__margin_mode=exchange.margin_mode)
    by_subscription: dict[object, Held] = {}
    for fill in rows.select_related("order__subscription").order_by("executed_at", "pk"):
        subscription = fill.order.subscription
        by_subscription.setdefault(subscription.pk, Held(subscription)).fills.append(fill)
    found: dict[str, list[Held]] = defaultdict(list)
    for held in by_subscription.values():
        found[held.subscription.symbol].append(held)
    return found


def _book(
    payment: Payment, rates: Mapping[tuple[str, str], Decimal], holders: Mapping[str, list[Held]], now: datetime
) -> None:
    """Split it, and book each share, all or none."""
    told = payment.told
    held = [one for symbol in payment.symbols for one in holders[symbol]]
    of_one_market = len(payment.symbols) == 1
    weighed = [(one, one.quantity_at(told.paid_at) if of_one_market else one.cost_at(told.paid_at)) for one in held]
    weighed = [(one, weight) for one, weight in weighed if weight > 0]
    amounts = shared(told.amount, [weight for _, weight in weighed], step=SMALLEST)
    subscriptions = [one.subscription.pk for one, _ in weighed]
    with transaction.atomic():
        rows = lock_positions(Position.objects.filter(subscription__in=subscriptions))
        positions = {row.subscription_id: row for row in rows}
        if FundingPayment.objects.filter(subscription__in=subscriptions, payment_id=told.payment_id).exists():
            return  # another process was first
        for (one, _), amount in zip(weighed, amounts, strict=True):
            in_quote = round(amount * rates[told.asset, one.subscription.symbol], 12)
            FundingPayment.objects.create(
                subscription=one.subscription,
                payment_id=told.payment_id[:100],
                amount=amount,
                asset=told.asset,
                amount_in_quote=in_quote,
                paid_at=told.paid_at,
            )
            _add(positions[one.subscription.pk], in_quote, told.paid_at, now)


def _add(position: Position, amount: Decimal, paid_at: datetime, now: datetime) -> None:
    """To the position if it is still the same one, else to the trade that it became."""
    if position.opened_at is not None and position.opened_at <= paid_at:
        position.state = apply_funding(position.state, amount)
        position.save(update_fields=["funding"])
        return
    trade = (
        Trade.objects.filter(subscription=position.subscription, opened_at__lte=paid_at).order_by("-closed_at").first()
    )
    if trade is not None:
        trade.funding += amount
        trade.pnl += amount
        trade.save(update_fields=["funding", "pnl"])
    position.realised_pnl += amount
    position.save(update_fields=["realised_pnl"])
    if not position.is_open:
        EquityPoint.objects.update_or_create(
            subscription=position.subscription,
            time=now,
            defaults={"equity": position.cash(position.subscription.allocated_capital)},
        )


def _mark_read(due: Iterable[Any], now: datetime) -> None:
    """The next look is at fills after this one, even where the venue's clock stands still."""
    for position in due:
        rows = Position.objects.filter(pk=position.pk)
        rows.update(funding_read_until=max(now, position.last_fill + TICK) if position.last_fill else now)
        if position.last_fill is None or position.last_fill < now - LATE:
            rows.filter(opened_at__isnull=True).update(is_funding_due=False)
