"""Write down what happened at the venue: fills, and the position, trade and equity that follow from them.

Everything about one report goes into one transaction, and the same report written twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import structlog
from django.db import transaction

from exchanges import base
from exchanges.base import ZERO, BaseExchange, OrderStatus
from exchanges.errors import ExchangeError, TransientExchangeError
from subscriptions.models import EquityPoint, Fill, Order, Position, Subscription, Trade
from subscriptions.performance import BookedFill, apply_fill

log = structlog.get_logger(__name__)


def record_report(*, order: Order, report: base.Order, exchange: BaseExchange, lot_step: Decimal) -> Order:
    """Bring the order up to what the venue reports, fetching the fills that are not booked yet.

    A report never takes back what is known: fills stay, and a final status stays final. Until all fills of an order
    are visible at the venue it stays working here, so that nothing is decided on half a position.
    """
    fills: Sequence[base.Fill] = ()
    if report.filled_quantity > order.filled_quantity:
        fills = exchange.get_fills(order.symbol, exchange_order_id=report.exchange_order_id)
    fees = [fee_in_quote(fill, exchange) for fill in fills]

    with transaction.atomic():
        order = Order.objects.select_for_update().get(pk=order.pk)
        book_fills(order, fills, fees, lot_step=lot_step)
        order.exchange_order_id = report.exchange_order_id or order.exchange_order_id
        if not OrderStatus(order.status).is_final:
            order.status = _status(order, report)
        if order.filled_quantity:
            order.average_price = average_price(order)
        order.save()
    return order


def _status(order: Order, report: base.Order) -> str:
    if report.status.is_final and order.filled_quantity < report.filled_quantity:
        return str(OrderStatus.PARTIALLY_FILLED)  # its last fills are not visible yet: keep asking
    return str(report.status)


def average_price(order: Order) -> Decimal:
    rows = order.fills.values_list("price", "quantity")
    return sum((price * quantity for price, quantity in rows), ZERO) / order.filled_quantity


def book_fills(order: Order, fills: Sequence[base.Fill], fees: Sequence[Decimal], *, lot_step: Decimal) -> None:
    """Those that are not booked yet. In a transaction; the order's own row is saved by the caller."""
    if not fills:
        return
    subscription = Subscription.objects.get(pk=order.subscription_id)
    Position.objects.get_or_create(subscription=subscription)
    position = Position.objects.select_for_update().get(subscription=subscription)
    if not position.is_open and subscription.is_leveraged:
        position.funding_read_until = min(fill.executed_at for fill in fills)
        position.is_funding_due = True
    known = set(order.fills.values_list("fill_id", flat=True))
    for fill, fee_in_quote in zip(fills, fees, strict=True):
        if fill.fill_id in known:
            continue
        Fill.objects.create(
            order=order,
            fill_id=fill.fill_id,
            price=fill.price,
            quantity=fill.quantity,
            fee=fill.fee,
            fee_asset=fill.fee_asset,
            fee_in_quote=fee_in_quote,
            executed_at=fill.executed_at,
        )
        order.filled_quantity += fill.quantity
        _apply(position, subscription, order, fill, fee_in_quote, lot_step=lot_step)
    position.save()


def _apply(
    position: Position,
    subscription: Subscription,
    order: Order,
    fill: base.Fill,
    fee_in_quote: Decimal,
    *,
    lot_step: Decimal,
) -> None:
    """One fill's effect on the position row (not saved here), its trade and its equity point."""
    if not position.is_open and order.leg == Order.Leg.ENTRY:
        position.cycle += 1
    if order.leg == Order.Leg.ENTRY:
        position.stop_loss_price = order.stop_loss_price
        position.take_profit_price = order.take_profit_price
    in_base = fill.fee_asset == subscription.base_asset
    in_quote = fill.fee_asset == subscription.quote
    booked = BookedFill(
        side=fill.side,
        price=fill.price,
        quantity=fill.quantity,
        executed_at=fill.executed_at,
        base_fee=fill.fee if in_base else ZERO,
        quote_fee=fill.fee if in_quote else ZERO,
        other_fee=ZERO if in_base or in_quote else fee_in_quote,
    )
    position.state, trade = apply_fill(position.state, booked, lot_step=lot_step)
    if trade is not None:
        Trade.objects.create(
            subscription=subscription,
            cycle=position.cycle,
            opened_at=trade.opened_at,
            closed_at=trade.closed_at,
            quantity=trade.quantity,
            entry_price=trade.entry_price,
            exit_price=trade.exit_price,
            fees=trade.fees,
            funding=trade.funding,
            pnl=trade.pnl,
            exit_leg=order.leg,
        )
        position.realised_pnl += trade.pnl
    if not position.is_open:
        position.stop_loss_price = None
        position.take_profit_price = None
        position.mark_price = position.liquidation_price = position.seen_at = position.missing_since = None
    EquityPoint.objects.update_or_create(
        subscription=subscription,
        time=fill.executed_at,
        defaults={"equity": position.equity(subscription.allocated_capital, fill.price)},
    )


def fee_in_quote(fill: base.Fill, exchange: BaseExchange) -> Decimal:
    """The fee's value in the pair's quote currency at about the time of the fill."""
    if fill.fee and fill.fee_asset == fill.symbol.partition("/")[0]:
        return fill.fee * fill.price
    return value_in_quote(fill.fee, fill.fee_asset, symbol=fill.symbol, exchange=exchange)


def value_in_quote(amount: Decimal, asset: str, *, symbol: str, exchange: BaseExchange) -> Decimal:
    """What an amount is worth now in the pair's quote currency; zero where the venue has no price for it."""
    base_asset, _, quote = symbol.partition("/")
    if amount == ZERO or asset == quote:
        return amount
    try:
        return amount * exchange.get_current_price(symbol if asset == base_asset else f"{asset}/{quote}")
    except TransientExchangeError:
        raise  # asked again with the next report
    except ExchangeError as error:
        log.warning("amount_not_valued", asset=asset, quote=quote, error=str(error))
        return ZERO
