"""The one order path: signal -> risk -> balance -> order row saved -> claimed -> sent -> recorded.

An order is saved before it is sent and sent by whoever wins the conditional UPDATE from NEW to SUBMITTED, once. What
happens to it afterwards is `tracking.py`'s concern.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from exchanges import base, services
from exchanges.base import ZERO, BaseExchange, Instrument, OrderStatus, OrderType, Quote, Side
from exchanges.errors import (
    AuthenticationError,
    ExchangeError,
    InvalidRequest,
    NotSupported,
    OrderNotFound,
    OrderRejected,
    TransientExchangeError,
)
from exchanges.models import ExchangeCredential
from subscriptions import risk
from subscriptions.booking import record_report
from subscriptions.models import Decision, Order, Position, Signal, Subscription

log = structlog.get_logger(__name__)

# Longer than any task may run (CELERY_TASK_TIME_LIMIT): a claim outlives its holder only if the holder died.
CLAIM_SECONDS = 150
MAX_EXIT_ATTEMPTS = 5


class Busy(Exception):
    """Another process is working on this subscription; try again in a moment."""


@contextmanager
def claimed(subscription_id: uuid.UUID) -> Iterator[Subscription]:
    """The subscription for one process at a time. Raises Busy when another holds it."""
    now = timezone.now()
    until = now + timedelta(seconds=CLAIM_SECONDS)
    won = Subscription.objects.filter(Q(claimed_until=None) | Q(claimed_until__lt=now), pk=subscription_id).update(
        claimed_until=until
    )
    if not won:
        raise Busy(str(subscription_id))
    try:
        yield Subscription.objects.select_related("credential", "stream", "bot_version").get(pk=subscription_id)
    finally:
        Subscription.objects.filter(pk=subscription_id, claimed_until=until).update(claimed_until=None)


def open_account(subscription: Subscription) -> BaseExchange:
    """The adapter of a subscription's account, holding positions as the subscription says. Close it."""
    return services.open_exchange(
        credential=subscription.credential,
        market_type=subscription.market_type,
        margin_mode=subscription.margin_mode,
        leverage=subscription.leverage,
    )


def subscriptions_of(signal: Signal) -> list[uuid.UUID]:
    """Who acts on a signal: running or paused (which keeps exits) since before it, without a decision yet."""
    return list(
        Subscription.objects.filter(
            stream=signal.stream_id,
            status__in=[Subscription.Status.RUNNING, Subscription.Status.PAUSED],
            started_at__lte=signal.created_at,
        )
        .exclude(decisions__signal=signal)
        .order_by("created_at")
        .values_list("pk", flat=True)
    )


def execute_signal(*, subscription: Subscription, signal: Signal, exchange: BaseExchange) -> Decision:
    """Act on a signal for one claimed subscription; a second call returns the first one's decision."""
    existing = Decision.objects.filter(subscription=subscription, signal=signal).first()
    if existing is not None:
        return existing
    if signal.action == "BUY" and subscription.status != Subscription.Status.RUNNING:
        return _refuse(subscription, signal, risk.Refusal("skipped", "paused", "paused: no new entries"))
    position = Position.objects.filter(subscription=subscription).first() or Position()
    instrument = instrument_of(subscription)
    if signal.action == "SELL" and instrument.round_quantity(position.quantity) <= 0:
        return _refuse(subscription, signal, risk.Refusal("skipped", "no_position", "nothing to sell"))

    if signal.action == "SELL":
        # Whatever still buys, and the stop, which would sell the same coins, get out of the way first.
        legs = (Order.Leg.ENTRY, Order.Leg.STOP_LOSS)
        cancel_orders(subscription=subscription, legs=legs, exchange=exchange, instrument=instrument)
    elif subscription.is_leveraged and not position.is_open:
        refusal = _apply_leverage(subscription, exchange)
        if refusal is not None:
            return _refuse(subscription, signal, refusal)
    quote = exchange.get_quote(subscription.symbol)
    balances = exchange.get_tradable_balances(subscription.symbol)
    paid_in = instrument.settle or instrument.quote

    with transaction.atomic():
        # One at a time per account: what the first reserves, the second sees.
        ExchangeCredential.objects.select_for_update().values_list("pk").get(pk=subscription.credential_id)
        account = _account_state(
            subscription,
            quote=quote,
            free_quote=balances[paid_in].free if paid_in in balances else ZERO,
            free_base=balances[instrument.base].free if instrument.base in balances else ZERO,
            fee_rate=exchange.fee_rate,
        )
        result = risk.decide(
            _bot_signal(signal),
            config=subscription.risk,
            account=account,
            instrument=instrument,
            ask=quote.ask,
            bid=quote.bid,
            fee_rate=exchange.fee_rate,
            order_type=OrderType(subscription.order_type),
        )
        if isinstance(result, risk.Refusal):
            return _refuse(subscription, signal, result)
        leg = Order.Leg.ENTRY if result.side is Side.BUY else Order.Leg.EXIT
        order = save_order(
            subscription=subscription, leg=leg, intent=f"signal-{signal.pk}-{leg}", result=result, signal=signal
        )
        decision = Decision.objects.create(
            subscription=subscription,
            signal=signal,
            outcome=Decision.Outcome.EXECUTED,
            detail=f"{order.side} {order.quantity} {instrument.base} {order.order_type}",
        )
    send_order(order=order, exchange=exchange, instrument=instrument)
    protect(subscription=subscription, exchange=exchange, instrument=instrument)
    return decision


def _apply_leverage(subscription: Subscription, exchange: BaseExchange) -> risk.Refusal | None:
    """Before an entry. Saying it again changes nothing, and somebody may have changed it at the venue."""
    try:
        exchange.apply_leverage(subscription.symbol)
    except (InvalidRequest, OrderRejected, NotSupported) as error:
        return risk.Refusal("denied", "leverage_refused", error.message)
    return None


def save_order(
    *,
    subscription: Subscription,
    leg: str,
    intent: str,
    result: risk.OrderIntent,
    signal: Signal | None = None,
    stop_price: Decimal | None = None,
) -> Order:
    """The order's row, saved before anything is sent. The unique intent makes a second one impossible."""
    return Order.objects.create(
        subscription=subscription,
        credential_id=subscription.credential_id,
        signal=signal,
        leg=leg,
        intent=intent,
        client_order_id=Order.make_client_order_id(subscription.pk, intent),
        symbol=subscription.symbol,
        side=str(result.side),
        order_type=str(result.order_type),
        quantity=result.quantity,
        limit_price=result.limit_price,
        stop_price=stop_price,
        reference_price=result.reference_price,
        stop_loss_price=result.stop_loss_price,
        take_profit_price=result.take_profit_price,
    )


def send_order(*, order: Order, exchange: BaseExchange, instrument: Instrument) -> Order:
    """Send a saved order, once: whoever moves it from NEW to SUBMITTED does it. The row then tells the outcome."""
    won = Order.objects.filter(pk=order.pk, status=OrderStatus.NEW).update(
        status=OrderStatus.SUBMITTED, submitted_at=timezone.now()
    )
    order.refresh_from_db()
    if not won:
        return order
    try:
        report = _submit(order, exchange)
    except AuthenticationError as error:
        services.pause_credential(credential=order.credential, reason=error.message)
        return _close(order, OrderStatus.REJECTED, error)
    except OrderRejected as error:
        return _close(order, OrderStatus.REJECTED, error)
    except NotSupported as error:
        return _close(order, OrderStatus.DENIED, error)
    except TransientExchangeError as error:
        return _close(order, OrderStatus.NEW, error)  # certainly not accepted: tracking sends it
    except ExchangeError as error:
        # A time-out, a 5xx, an unreadable reply: it may have been accepted. Never resend; tracking asks by its id.
        return _close(order, OrderStatus.UNKNOWN, error)
    try:
        return record_report(order=order, report=report, exchange=exchange, lot_step=instrument.lot_step)
    except ExchangeError as error:
        # The venue has it; only its fills could not be read just now. Tracking reads them.
        return _close(order, OrderStatus.OPEN, error)


def _submit(order: Order, exchange: BaseExchange) -> base.Order:
    if order.leg == Order.Leg.STOP_LOSS and order.stop_price is not None:
        # The adapter knows whether the symbol takes a stop market order or needs a stop limit.
        return exchange.create_stop_loss_order(
            order.symbol,
            Side(order.side),
            order.quantity,
            order.stop_price,
            client_order_id=order.client_order_id,
            reduce_only=order.is_exit,
        )
    return exchange.submit_order(order.request())


def _close(order: Order, status: OrderStatus, error: ExchangeError) -> Order:
    """The outcome of a submit that brought no report."""
    Order.objects.filter(pk=order.pk, status=OrderStatus.SUBMITTED).update(
        status=status, status_detail=error.message[:300], updated_at=timezone.now()
    )
    order.refresh_from_db()
    log.warning("order_not_confirmed", order=str(order.pk), status=order.status, error=str(error))
    return order


def cancel_order(*, order: Order, exchange: BaseExchange, instrument: Instrument) -> Order:
    """Cancel what is left of a working order, and record what it did until then."""
    if order.status == OrderStatus.NEW:
        Order.objects.filter(pk=order.pk, status=OrderStatus.NEW).update(
            status=OrderStatus.CANCELED, status_detail="canceled before it was sent"
        )
        order.refresh_from_db()
        if order.status == OrderStatus.CANCELED:
            return order
    try:
        report = exchange.cancel_order(order.symbol, order.client_order_id)
    except OrderNotFound:
        # Nothing open of that id: it may have filled a moment ago.
        try:
            report = exchange.get_order(order.symbol, order.client_order_id)
        except OrderNotFound:
            if not is_forgotten(order, exchange):
                raise
            return record_forgotten(order)
    return record_report(order=order, report=report, exchange=exchange, lot_step=instrument.lot_step)


def is_forgotten(order: Order, exchange: BaseExchange) -> bool:
    """Whether an order that the venue had, and does not know any more, ended there without a fill."""
    return exchange.forgets_unfilled_orders and bool(order.exchange_order_id) and not order.filled_quantity


def record_forgotten(order: Order) -> Order:
    Order.objects.filter(pk=order.pk, status__in=Order.WORKING).update(
        status=OrderStatus.CANCELED,
        status_detail="canceled at the venue without a fill: it is not known there any more",
    )
    order.refresh_from_db()
    return order


# --- exits
def working_orders(subscription: Subscription, *legs: str) -> list[Order]:
    return list(
        Order.objects.filter(subscription=subscription, leg__in=legs, status__in=Order.WORKING).order_by("created_at")
    )


EXIT_LEGS = (Order.Leg.EXIT, Order.Leg.TAKE_PROFIT)


def cancel_orders(
    *, subscription: Subscription, legs: Iterable[str], exchange: BaseExchange, instrument: Instrument
) -> None:
    for order in working_orders(subscription, *legs):
        cancel_order(order=order, exchange=exchange, instrument=instrument)


def protect(*, subscription: Subscription, exchange: BaseExchange, instrument: Instrument) -> None:
    """Make the stop at the venue cover exactly what is held: place, resize or remove it.

    A position whose stop the venue refuses is closed at market. Where the venue has no stops, `tracking.watch_prices`
    watches the price instead.
    """
    position = Position.objects.filter(subscription=subscription).first()
    if position is None or position.missing_since is not None:
        return  # nothing to protect, or not known how much: see positions.py
    stops = working_orders(subscription, Order.Leg.STOP_LOSS)
    wanted = ZERO
    if position.is_open and position.stop_loss_price and exchange.capabilities.stop_loss_orders:
        if working_orders(subscription, *EXIT_LEGS):
            return  # it is being closed
        wanted = instrument.round_quantity(position.quantity)
        if risk.exit_rules(instrument).shortfall(wanted, position.stop_loss_price):
            wanted = ZERO
    if [stop.remaining for stop in stops] == [wanted]:
        return
    for stop in stops:
        cancel_order(order=stop, exchange=exchange, instrument=instrument)
    if stops:
        position.refresh_from_db()  # a stop may have filled while it was canceled
        if not position.is_open:
            return
        wanted = min(wanted, instrument.round_quantity(position.quantity))
    if wanted <= 0 or position.stop_loss_price is None:
        return
    order = save_order(
        subscription=subscription,
        leg=Order.Leg.STOP_LOSS,
        intent=_next_intent(subscription, position, Order.Leg.STOP_LOSS),
        result=risk.OrderIntent(Side.SELL, OrderType.STOP_LOSS, wanted, reference_price=position.stop_loss_price),
        stop_price=position.stop_loss_price,
    )
    order = send_order(order=order, exchange=exchange, instrument=instrument)
    if order.status in (OrderStatus.REJECTED, OrderStatus.DENIED):
        log.warning("stop_refused", subscription=str(subscription.pk), detail=order.status_detail)
        close_position(subscription=subscription, exchange=exchange, instrument=instrument, leg=Order.Leg.EXIT)


def close_position(
    *, subscription: Subscription, exchange: BaseExchange, instrument: Instrument, leg: str
) -> Order | None:
    """Sell what the claimed subscription holds at market. None when there is nothing to sell or it is being sold."""
    if working_orders(subscription, *EXIT_LEGS):
        return None
    legs = (Order.Leg.ENTRY, Order.Leg.STOP_LOSS)
    cancel_orders(subscription=subscription, legs=legs, exchange=exchange, instrument=instrument)
    position = Position.objects.filter(subscription=subscription).first()
    if position is None:
        return None
    bid = exchange.get_quote(subscription.symbol).bid
    quantity = instrument.round_quantity(position.quantity)
    if quantity <= 0 or risk.exit_rules(instrument).shortfall(quantity, bid):
        return None  # dust
    attempts = Order.objects.filter(
        subscription=subscription, leg__in=EXIT_LEGS, intent__startswith=f"cycle-{position.cycle}-"
    ).count()
    if attempts >= MAX_EXIT_ATTEMPTS:
        _give_up_exit(subscription)
        return None
    order = save_order(
        subscription=subscription,
        leg=leg,
        intent=_next_intent(subscription, position, leg),
        result=risk.OrderIntent(Side.SELL, OrderType.MARKET, quantity, reference_price=bid),
    )
    return send_order(order=order, exchange=exchange, instrument=instrument)


def _give_up_exit(subscription: Subscription) -> None:
    reason = f"The venue refused to close the position {MAX_EXIT_ATTEMPTS} times: close it by hand at the venue."
    paused = Subscription.objects.running().filter(pk=subscription.pk)
    if paused.update(status=Subscription.Status.PAUSED, status_reason=reason):
        log.error("exit_given_up", subscription=str(subscription.pk))


def _next_intent(subscription: Subscription, position: Position, leg: str) -> str:
    prefix = f"cycle-{position.cycle}-{leg}-"
    done = Order.objects.filter(subscription=subscription, intent__startswith=prefix).count()
    return f"{prefix}{done + 1}"


# --- what risk needs to know
def instrument_of(subscription: Subscription) -> Instrument:
    return services.get_instrument(
        exchange=subscription.exchange,
        market_type=subscription.market_type,
        symbol=subscription.symbol,
        network=subscription.credential.network,
    ).rules()


def _account_state(
    subscription: Subscription, *, quote: Quote, free_quote: Decimal, free_base: Decimal, fee_rate: Decimal
) -> risk.AccountState:
    position = Position.objects.filter(subscription=subscription).first() or Position()
    capital, leverage = subscription.allocated_capital, subscription.leverage
    reserved = sum(
        (
            risk.entry_cost(
                order.remaining * (order.limit_price or order.reference_price),
                leverage=order.subscription.leverage,
                fee_rate=fee_rate,
            )
            for order in Order.objects.filter(
                credential_id=subscription.credential_id, side=Side.BUY, status__in=Order.UNCONFIRMED
            ).select_related("subscription")
            if order.subscription.quote == subscription.quote
        ),
        ZERO,
    )
    return risk.AccountState(
        position_quantity=position.quantity,
        position_cost=max(ZERO, position.state.net_cost - position.state.borrowed(leverage)),
        equity=position.equity(capital, quote.bid),
        cash=position.cash(capital, leverage),
        free_quote=free_quote - reserved,
        # A position is no balance: an exit is reduce-only, so that the venue sells no more than there is.
        free_base=position.quantity if subscription.is_leveraged else free_base,
        has_open_entry=bool(working_orders(subscription, Order.Leg.ENTRY)),
        has_open_exit=bool(working_orders(subscription, *EXIT_LEGS)),
        leverage=leverage,
    )


def _bot_signal(signal: Signal) -> risk.BotSignal:
    if signal.price is None:
        raise ValueError(f"signal {signal.pk} has no price")
    return risk.BotSignal(
        action=signal.action,
        price=signal.price,
        order_type=OrderType(signal.order_type) if signal.order_type else None,
        limit_price=signal.limit_price,
        stop_loss=signal.stop_loss,
        take_profit=signal.take_profit,
    )


def _refuse(subscription: Subscription, signal: Signal, refusal: risk.Refusal) -> Decision:
    outcome = Decision.Outcome.SKIPPED if refusal.kind == "skipped" else Decision.Outcome.DENIED
    return Decision.objects.create(
        subscription=subscription, signal=signal, outcome=outcome, rule=refusal.rule, detail=refusal.detail[:500]
    )
