"""What the venue says of leveraged positions: where they would be liquidated, and that they were.

A position that the venue closed by itself is booked from the fills that it tells. Where it tells none, nothing is
invented: the subscription is paused, and its owner told to look.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import structlog
from django.core.cache import cache
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from exchanges import base
from exchanges.base import ZERO, BaseExchange, Instrument, MarketType, PositionSide
from exchanges.errors import AuthenticationError, ExchangeError, NotSupported
from exchanges.models import ExchangeCredential
from subscriptions.booking import average_price, book_fills, fee_in_quote
from subscriptions.models import Fill, Order, Position, Subscription

log = structlog.get_logger(__name__)

# An exit that fills while we look makes the venue hold less than our books for a moment.
MISSING_FOR_SECONDS = 60
LOOK_SECONDS = 30  # some venues allow no more than a request in three seconds, and orders come first


def look_at_positions(*, credential: ExchangeCredential, exchange: BaseExchange, now: bool = False) -> None:
    """Compare the open positions of one margin or futures account with ours, once in LOOK_SECONDS or `now`.

    A request or two, and one more if anything is missing. What the venue cannot tell just now is looked at later.
    """
    mine = _open_positions(credential, exchange)
    if not mine:
        return
    key = f"positions:{credential.pk}:{exchange.market_type}:{exchange.margin_mode}"
    if LOOK_SECONDS and not cache.add(key, 1, LOOK_SECONDS) and not now:
        return
    try:
        _compare(mine, exchange)
    except AuthenticationError:
        raise
    except ExchangeError as error:
        log.warning("positions_unknown", credential=str(credential.pk), error=str(error))


def _compare(mine: Sequence[Position], exchange: BaseExchange) -> None:
    told: dict[str, base.Position] = {}
    coins: dict[str, Decimal] = {}
    if exchange.tells_positions:
        told = {one.symbol: one for one in exchange.get_positions() if one.side is PositionSide.LONG}
    else:
        coins = {asset: balance.total for asset, balance in exchange.get_balances().items()}
    by_symbol: dict[str, list[Position]] = defaultdict(list)
    for position in mine:
        by_symbol[position.subscription.symbol].append(position)
    for symbol, holders in by_symbol.items():
        venue = told.get(symbol)
        rules = exchange.instrument(symbol)
        held = (venue.quantity if venue else ZERO) + coins.get(rules.base, ZERO)
        missing = sum((holder.quantity for holder in holders), ZERO) - held
        for holder in holders:
            _keep(holder, venue)
        if missing >= (rules.lot_step or Decimal("1e-12")):
            _find_missing(holders, missing, rules, exchange)
        else:
            Position.objects.filter(pk__in=[holder.pk for holder in holders]).update(missing_since=None)


def _open_positions(credential: ExchangeCredential, exchange: BaseExchange) -> list[Position]:
    rows: QuerySet[Position] = Position.objects.filter(
        opened_at__isnull=False,
        subscription__credential=credential,
        subscription__market_type=exchange.market_type,
        subscription__status__in=Subscription.ACTIVE,
    )
    if exchange.market_type is MarketType.MARGIN:  # cross and isolated are accounts of their own
        rows = rows.filter(subscription__margin_mode=exchange.margin_mode)
    return list(rows.select_related("subscription").order_by("pk"))


def _keep(position: Position, venue: base.Position | None) -> None:
    Position.objects.filter(pk=position.pk).update(
        mark_price=_stored(venue.mark_price) if venue else None,
        liquidation_price=_stored(venue.liquidation_price) if venue else None,
        seen_at=timezone.now(),
    )


def _stored(price: Decimal | None) -> Decimal | None:
    """What a price column holds."""
    return None if price is None else round(price, 12)


def _find_missing(holders: Sequence[Position], missing: Decimal, rules: Instrument, exchange: BaseExchange) -> None:
    """The venue holds less than our books say: book what it liquidated, else wait, then tell."""
    since = min(holder.opened_at for holder in holders if holder.opened_at is not None)
    try:
        fills = exchange.get_liquidations(rules.symbol, since=since)
    except NotSupported:
        fills = []
    subscriptions = [holder.subscription_id for holder in holders]
    known = set(
        Fill.objects.filter(order__leg=Order.Leg.LIQUIDATION, order__subscription__in=subscriptions).values_list(
            "fill_id", flat=True
        )
    )
    new = [fill for fill in fills if fill.fill_id not in known]
    if new:
        _book_liquidation(holders, new, missing, rules, exchange)
        return
    now = timezone.now()
    pks = [holder.pk for holder in holders]
    Position.objects.filter(pk__in=pks, missing_since=None).update(missing_since=now)
    if all(holder.missing_since and now - holder.missing_since > _patience() for holder in holders):
        _tell(subscriptions, missing, rules)


def _patience() -> timedelta:
    return timedelta(seconds=MISSING_FOR_SECONDS)


def _tell(subscriptions: Sequence[UUID], missing: Decimal, rules: Instrument) -> None:
    reason = (
        f"The venue holds {missing.normalize():f} {rules.base} less than this subscription bought: it was sold by "
        "hand, or liquidated. Look at the account there, then stop this subscription."
    )
    paused = Subscription.objects.running().filter(pk__in=subscriptions)
    if paused.update(status=Subscription.Status.PAUSED, status_reason=reason):
        log.error("position_missing", symbol=rules.symbol, missing=str(missing))


def _book_liquidation(
    holders: Sequence[Position],
    fills: Sequence[base.Fill],
    missing: Decimal,
    rules: Instrument,
    exchange: BaseExchange,
) -> None:
    """Close positions, in whole or in part, as the venue did. Several subscriptions bear it in proportion."""
    by_order: dict[str, list[base.Fill]] = defaultdict(list)
    for fill in fills:
        by_order[fill.exchange_order_id].append(fill)
    for order_id, parts in by_order.items():
        done = sum((part.quantity for part in parts), ZERO)
        ours = min(done, missing)
        missing -= ours
        fees = [fee_in_quote(part, exchange) for part in parts]
        with transaction.atomic():
            locked = lock_positions(Position.objects.filter(pk__in=[one.pk for one in holders]))
            shares = shared(ours, [position.quantity for position in locked], step=rules.lot_step)
            for position, share in zip(locked, shares, strict=True):
                if share > 0:
                    own = [_part(fill, share / done) for fill in parts]
                    _book_one(position, order_id, own, [fee * share / done for fee in fees], rules)


def lock_positions(rows: QuerySet[Position]) -> list[Position]:
    """In one order, so that two who lock several never wait for each other."""
    return list(rows.select_for_update(of=("self",)).select_related("subscription").order_by("pk"))


def shared(amount: Decimal, weights: Sequence[Decimal], *, step: Decimal) -> list[Decimal]:
    """An amount in proportion to the weights, in multiples of `step`; the shares add up to the amount exactly."""
    total, left = sum(weights, ZERO), amount
    shares = []
    for weight in weights:
        total_before = total
        total -= weight
        share = left if not total else left * weight / total_before if total_before else ZERO
        if total and step:
            share = share // step * step
        shares.append(share)
        left -= share
    return shares


def _part(fill: base.Fill, share: Decimal) -> base.Fill:
    return replace(fill, quantity=round(fill.quantity * share, 12), fee=round(fill.fee * share, 12))


def _book_one(
    position: Position, order_id: str, fills: Sequence[base.Fill], fees: Sequence[Decimal], rules: Instrument
) -> None:
    """As an order of ours that the venue placed. More fills of the same one are added to it."""
    subscription = position.subscription
    intent = f"liquidation-{order_id}"[:60]
    order, _ = Order.objects.get_or_create(
        subscription=subscription,
        intent=intent,
        defaults={
            "credential_id": subscription.credential_id,
            "leg": Order.Leg.LIQUIDATION,
            "client_order_id": Order.make_client_order_id(subscription.pk, intent),
            "exchange_order_id": order_id[:64],
            "symbol": rules.symbol,
            "side": str(fills[0].side),
            "order_type": str(base.OrderType.MARKET),
            "quantity": ZERO,
            "reference_price": fills[0].price,
            "status": Order.Status.FILLED,
            "status_detail": "the venue closed the position: too little margin stood behind it",
            "submitted_at": fills[0].executed_at,
        },
    )
    book_fills(order, fills, fees, lot_step=rules.lot_step)
    order.quantity = order.filled_quantity
    order.average_price = average_price(order)
    order.save()
    log.warning("position_liquidated", subscription=str(subscription.pk), quantity=str(order.quantity))
