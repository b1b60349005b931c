"""What happens between candles: orders are followed to their end, exits are kept in place, stops are carried out.

Everything here asks the venue and repairs what is behind; running it twice, or after a crash at any point, is harmless.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import timedelta

import structlog
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from exchanges import base, services
from exchanges.base import BaseExchange, Instrument, OrderStatus, OrderType
from exchanges.errors import ExchangeError, OrderNotFound
from exchanges.factory import ExchangeFactory
from exchanges.models import ExchangeCredential, MarketType
from subscriptions import funding, positions
from subscriptions.booking import record_report
from subscriptions.execution import (
    Busy,
    cancel_order,
    cancel_orders,
    claimed,
    close_position,
    instrument_of,
    is_forgotten,
    open_account,
    protect,
    record_forgotten,
    send_order,
    working_orders,
)
from subscriptions.models import Order, Position, Subscription

log = structlog.get_logger(__name__)

# Until then another process may still be in the middle of sending it.
IN_FLIGHT_SECONDS = 20
# An order the venue does not know after this long never reached it: Binance's look-up lags by seconds at most, and a
# request is void after its recvWindow (5 s).
ABSENT_AFTER_SECONDS = 60


def accounts_to_track() -> list[uuid.UUID]:
    """Credentials with something to follow: working orders, open positions, subscriptions being stopped. One query."""
    working = Order.objects.filter(credential=OuterRef("pk"), status__in=Order.WORKING)
    credentials = ExchangeCredential.objects.filter(
        Exists(working) | Exists(_subscriptions_in_motion().filter(credential=OuterRef("pk"))),
        is_paused=False,
    )
    return list(credentials.values_list("pk", flat=True))


def _subscriptions_in_motion() -> QuerySet[Subscription]:
    """Subscriptions whose exits need care, and those that may still get or owe funding."""
    return Subscription.objects.filter(
        Q(status=Subscription.Status.STOPPING)
        | Q(status__in=Subscription.ACTIVE, position__opened_at__isnull=False)
        | Q(position__is_funding_due=True, position__opened_at__isnull=True)
    )


def track_account(*, credential_id: uuid.UUID) -> None:
    """Follow every working order of one account, then put the exits of its positions in place."""
    credential = ExchangeCredential.objects.get(pk=credential_id)
    working = Order.objects.filter(credential=credential, status__in=Order.WORKING)
    subscription_ids = set(working.values_list("subscription_id", flat=True))
    subscription_ids |= set(_subscriptions_in_motion().filter(credential=credential).values_list("pk", flat=True))
    open_at_venue: dict[tuple[str, str, str], dict[str, base.Order]] = {}
    looked_at = {MarketType.SPOT.value}
    for holding, ids in _by_holding(subscription_ids).items():
        with services.open_exchange(credential=credential, **asdict(holding)) as exchange:
            account = holding.account
            if account not in looked_at:
                positions.look_at_positions(credential=credential, exchange=exchange)
            for subscription_id in ids:
                try:
                    with claimed(subscription_id) as subscription:
                        _track(subscription, exchange, open_at_venue)
                except Busy:
                    continue  # whoever holds it leaves it in order; the next round looks again
            if account not in looked_at:
                funding.book_payments(credential=credential, exchange=exchange)
            looked_at.add(account)


@dataclass(frozen=True, slots=True)
class Holding:
    """How an account is opened for a subscription."""

    market_type: str
    margin_mode: str
    leverage: int

    @property
    def account(self) -> str:
        """What the venue keeps apart: cross and isolated margin are two, futures of both modes are one."""
        return f"{self.market_type} {self.margin_mode}" if self.market_type == MarketType.MARGIN else self.market_type


def _by_holding(subscription_ids: set[uuid.UUID]) -> dict[Holding, list[uuid.UUID]]:
    grouped: dict[Holding, list[uuid.UUID]] = defaultdict(list)
    rows = Subscription.objects.filter(pk__in=subscription_ids).order_by("created_at")
    for pk, market_type, margin_mode, leverage in rows.values_list("pk", "market_type", "margin_mode", "leverage"):
        grouped[Holding(market_type, margin_mode, leverage)].append(pk)
    return grouped


def _track(
    subscription: Subscription,
    exchange: BaseExchange,
    open_at_venue: dict[tuple[str, str, str], dict[str, base.Order]],
) -> None:
    """One claimed subscription: its orders first, then its exits."""
    instrument = instrument_of(subscription)
    orders = working_orders(subscription, *Order.Leg.values)
    if orders:
        market = (subscription.market_type, subscription.margin_mode, subscription.symbol)
        if market not in open_at_venue:  # once per market and account, not per order
            open_orders = exchange.get_open_orders(subscription.symbol)
            open_at_venue[market] = {order.client_order_id: order for order in open_orders}
        followed = [
            follow_order(order=order, exchange=exchange, instrument=instrument, open_at_venue=open_at_venue[market])
            for order in orders
        ]
        if subscription.is_leveraged and any(_is_lost_stop(order) for order in followed):
            # Before another is placed: a venue that liquidates a position takes its stop away as well.
            positions.look_at_positions(credential=subscription.credential, exchange=exchange, now=True)
    if subscription.status == Subscription.Status.STOPPING:
        _carry_out_stop(subscription, exchange, instrument)
    else:
        protect(subscription=subscription, exchange=exchange, instrument=instrument)


def _is_lost_stop(order: Order) -> bool:
    return order.leg == Order.Leg.STOP_LOSS and not order.is_working and order.filled_quantity < order.quantity


def follow_order(
    *,
    order: Order,
    exchange: BaseExchange,
    instrument: Instrument,
    open_at_venue: dict[str, base.Order],
) -> Order:
    """Bring one working order up to date. `open_at_venue`: what is open there now, by client order id."""
    age = timezone.now() - (order.submitted_at or order.created_at)
    if order.status == OrderStatus.NEW:
        return _send_late(order, exchange, instrument, age)
    if order.status == OrderStatus.SUBMITTED and age < timedelta(seconds=IN_FLIGHT_SECONDS):
        return order
    report = open_at_venue.get(order.client_order_id)
    if report is None:
        try:
            report = exchange.get_order(order.symbol, order.client_order_id)
        except OrderNotFound:
            return _not_found(order, age, exchange)
    if report.filled_quantity != order.filled_quantity or str(report.status) != order.status:
        order = record_report(order=order, report=report, exchange=exchange, lot_step=instrument.lot_step)
    return _expire_entry(order, exchange, instrument)


def _send_late(order: Order, exchange: BaseExchange, instrument: Instrument, age: timedelta) -> Order:
    """Saved and never sent: its process died in between. Sent now if it still makes sense, else denied."""
    if order.leg == Order.Leg.ENTRY and age > order.subscription.timeframe_length:
        Order.objects.filter(pk=order.pk, status=OrderStatus.NEW).update(
            status=OrderStatus.DENIED, status_detail="too old: the candle it was meant for is over"
        )
        order.refresh_from_db()
        return order
    return send_order(order=order, exchange=exchange, instrument=instrument)


def _not_found(order: Order, age: timedelta, exchange: BaseExchange) -> Order:
    """The venue does not know it. Only time proves that it never arrived."""
    if age < timedelta(seconds=ABSENT_AFTER_SECONDS):
        return order
    if order.exchange_order_id:
        return record_forgotten(order) if is_forgotten(order, exchange) else order
    Order.objects.filter(pk=order.pk, status__in=Order.WORKING).update(
        status=OrderStatus.REJECTED,
        status_detail=f"it never reached the venue: unknown there after {ABSENT_AFTER_SECONDS} s",
    )
    order.refresh_from_db()
    log.warning("order_absent", order=str(order.pk))
    return order


def _expire_entry(order: Order, exchange: BaseExchange, instrument: Instrument) -> Order:
    """A resting entry is good for one candle: after that the bot has been asked anew."""
    resting = order.leg == Order.Leg.ENTRY and order.order_type == OrderType.LIMIT and order.is_working
    if not resting or order.signal is None:
        return order
    venue_now = exchange.get_server_time()
    good_until = order.signal.closed_at + order.subscription.timeframe_length
    if venue_now < good_until:
        return order
    return cancel_order(order=order, exchange=exchange, instrument=instrument)


def _carry_out_stop(subscription: Subscription, exchange: BaseExchange, instrument: Instrument) -> None:
    """Cancel everything, sell if that was asked, and call it stopped when the venue has nothing of it left."""
    legs = [Order.Leg.ENTRY, Order.Leg.STOP_LOSS]
    cancel_orders(subscription=subscription, legs=legs, exchange=exchange, instrument=instrument)
    if subscription.flatten_on_stop:
        close_position(subscription=subscription, exchange=exchange, instrument=instrument, leg=Order.Leg.EXIT)
    if working_orders(subscription, *Order.Leg.values):
        return  # the next round looks again
    position = Position.objects.filter(subscription=subscription).first()
    held = position.quantity if position and position.is_open else None
    reason = f"stopped holding {held.normalize():f} {instrument.base}: it is yours to manage" if held else ""
    Subscription.objects.filter(pk=subscription.pk, status=Subscription.Status.STOPPING).update(
        status=Subscription.Status.STOPPED, status_reason=reason
    )


# --- exits that the platform watches itself
def watched_markets() -> list[tuple[str, str, str, str]]:
    """(exchange, mode, market_type, symbol) with a promised exit that the platform watches. One query."""
    rows = _watched_positions().values_list(
        "subscription__exchange", "subscription__mode", "subscription__market_type", "subscription__symbol"
    )
    return sorted(set(rows))


def _watched_positions() -> QuerySet[Position]:
    return Position.objects.filter(
        Q(take_profit_price__isnull=False) | Q(stop_loss_price__isnull=False),
        opened_at__isnull=False,
        subscription__status__in=[Subscription.Status.RUNNING, Subscription.Status.PAUSED],
    )


def positions_to_exit(*, exchange: str, mode: str, market_type: str, symbol: str) -> list[tuple[uuid.UUID, str]]:
    """(subscription, leg) of positions in that market whose take profit, or stop where the venue has none, was reached.

    The price is fetched once for all of them.
    """
    with ExchangeFactory.create_exchange(
        exchange, testnet=mode == base.Mode.TESTNET, market_type=base.MarketType(market_type)
    ) as venue:
        price = venue.get_quote(symbol).bid
        stops_at_venue = venue.capabilities.stop_loss_orders
    positions = _watched_positions().filter(
        subscription__exchange=exchange,
        subscription__mode=mode,
        subscription__market_type=market_type,
        subscription__symbol=symbol,
    )
    reached = [
        (position.subscription_id, str(Order.Leg.TAKE_PROFIT))
        for position in positions.filter(take_profit_price__lte=price)
    ]
    if not stops_at_venue:
        reached += [
            (position.subscription_id, str(Order.Leg.EXIT)) for position in positions.filter(stop_loss_price__gte=price)
        ]
    return reached


def exit_position(*, subscription_id: uuid.UUID, leg: str) -> None:
    """Close one subscription's position at market because a watched price was reached. Raises Busy."""
    with claimed(subscription_id) as subscription:
        position = Position.objects.filter(subscription=subscription, opened_at__isnull=False).first()
        if position is None:
            return
        with open_account(subscription) as exchange:
            instrument = instrument_of(subscription)
            try:
                close_position(subscription=subscription, exchange=exchange, instrument=instrument, leg=leg)
            except ExchangeError:
                log.warning("exit_delayed", subscription=str(subscription.pk), leg=leg)
                raise
            protect(subscription=subscription, exchange=exchange, instrument=instrument)
