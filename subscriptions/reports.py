"""What is shown about subscriptions and what bots said: figures and curves, read from what was recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from bots.models import Bot
from exchanges.base import MarketType
from exchanges.factory import ExchangeFactory
from subscriptions.models import (
    Decision,
    EquityPoint,
    Fill,
    FundingPayment,
    Order,
    Position,
    Signal,
    SignalStream,
    Subscription,
    SubscriptionQuerySet,
    Trade,
)
from subscriptions.performance import ClosedTrade, Performance, summarize
from subscriptions.templatetags.numbers import price, quantity


def streams_of(bot: Bot) -> QuerySet[SignalStream]:
    """Where a bot runs or ran, busiest first. For its author and moderators."""
    running = Count("subscriptions", filter=Q(subscriptions__status=Subscription.Status.RUNNING))
    return (
        SignalStream.objects.filter(bot_version__bot=bot)
        .select_related("bot_version")
        .annotate(running_subscriptions=running)
        .order_by("-running_subscriptions", "pk")
    )


def signals_of(bot: Bot) -> QuerySet[Signal]:
    """What the bot said, newest first."""
    return Signal.objects.filter(stream__bot_version__bot=bot).order_by("-pk").select_related("stream")


def performance_of(subscription: Subscription) -> Performance:
    """The figures of the performance endpoint and page. Two queries."""
    trades = [
        ClosedTrade(
            opened_at=trade.opened_at,
            closed_at=trade.closed_at,
            quantity=trade.quantity,
            entry_price=trade.entry_price,
            exit_price=trade.exit_price,
            fees=trade.fees,
            funding=trade.funding,
            pnl=trade.pnl,
        )
        for trade in Trade.objects.filter(subscription=subscription).order_by("closed_at")
    ]
    equity = EquityPoint.objects.filter(subscription=subscription).order_by("time")
    return summarize(trades, equity.values_list("time", "equity"), capital=subscription.allocated_capital)


def describe_position(subscription: Subscription) -> dict[str, Any] | None:
    """What it holds now, for showing it. At most one query."""
    position = getattr(subscription, "position", None)
    entry = position.state.average_entry_price if position else None
    if position is None or not position.is_open or entry is None:
        return None
    return {
        "symbol": subscription.symbol,
        "side": "LONG",
        "quantity": position.quantity,
        "entry_price": round(entry, 12),
        "leverage": subscription.leverage,
        "margin_mode": subscription.margin_mode or None,
        "margin": round(entry * position.quantity / subscription.leverage, 12),
        "mark_price": position.mark_price,
        "liquidation_price": position.liquidation_price,
        "unrealised_pnl": None if position.unrealised_pnl is None else round(position.unrealised_pnl, 12),
        "funding": position.funding,
        "stop_loss_price": position.stop_loss_price,
        "take_profit_price": position.take_profit_price,
        "opened_at": position.opened_at,
        "seen_at": position.seen_at,
    }


def funding_of(subscription: Subscription) -> Decimal | None:
    """All that its positions paid (negative) or were paid, in quote units; None on spot. At most one query."""
    if not subscription.is_leveraged:
        return None
    rows = FundingPayment.objects.filter(subscription=subscription)
    return sum(rows.values_list("amount_in_quote", flat=True), Decimal(0))


def overview(user: Any) -> SubscriptionQuerySet:
    """A user's subscriptions with what a list shows of each: bot, position, trades, last answer. One query."""
    last_answer = Signal.objects.filter(stream=OuterRef("stream")).order_by("-candle_open_time")
    return (
        Subscription.objects.for_user(user)
        .select_related("bot_version__bot", "position")
        .annotate(
            trade_count=Count("trades"),
            asked_at=Subquery(last_answer.values("created_at")[:1]),
        )
        .order_by("-created_at", "pk")
    )


# --- is the position protected?
@dataclass(frozen=True, slots=True)
class Protection:
    """The stop of an open position. `state`: confirmed, watched, unconfirmed, missing or unset."""

    state: str
    words: str

    @property
    def needs_attention(self) -> bool:
        return self.state in ("unconfirmed", "missing")


def protection_of(subscription: Subscription, position: Position | None) -> Protection | None:
    """Whether the venue has confirmed the stop; None while nothing is held. At most one query."""
    if position is None or not position.is_open:
        return None
    if position.stop_loss_price is None:
        return Protection("unset", _("none set: only the bot ends this position"))
    stop_price = price(position.stop_loss_price)
    stop = (
        Order.objects.filter(subscription=subscription, leg=Order.Leg.STOP_LOSS, status__in=Order.WORKING)
        .order_by("created_at")
        .last()
    )
    if stop is None:
        market_type = MarketType(subscription.market_type)
        capabilities = ExchangeFactory.get_exchange_capabilities(subscription.exchange, market_type)
        if not capabilities.stop_loss_orders:
            return Protection("watched", _("at %(price)s, watched by us") % {"price": stop_price})
        return Protection("missing", _("at %(price)s, no order at the venue yet") % {"price": stop_price})
    if stop.status in Order.UNCONFIRMED:
        words = _("at %(price)s, sent and not confirmed yet") % {"price": stop_price}
        return Protection("unconfirmed", words)
    return Protection("confirmed", _("at %(price)s, confirmed by the venue") % {"price": stop_price})


# --- the decision log
@dataclass(frozen=True, slots=True)
class LogLine:
    """One thing that happened, as a sentence. `time` is the venue's; `note` is the bot's own reason or error."""

    time: datetime
    kind: str  # executed, skipped, denied, failed or exit
    text: str
    note: str = ""


def decision_log(subscription: Subscription, *, limit: int) -> list[LogLine]:
    """The newest lines: decisions, answers that failed, and exits that no signal asked for. Three queries."""
    lines = [
        *_decision_lines(subscription, limit),
        *_failure_lines(subscription, limit),
        *_exit_lines(subscription, limit),
    ]
    return sorted(lines, key=lambda line: line.time, reverse=True)[:limit]


def _decision_lines(subscription: Subscription, limit: int) -> list[LogLine]:
    sentences = {
        Decision.Outcome.EXECUTED: _("%(action)s from the bot at %(price)s, order placed: %(detail)s."),
        Decision.Outcome.SKIPPED: _("%(action)s from the bot at %(price)s, skipped: %(detail)s."),
        Decision.Outcome.DENIED: _("%(action)s from the bot at %(price)s, denied: %(detail)s."),
    }
    decisions = Decision.objects.filter(subscription=subscription).select_related("signal")[:limit]
    return [
        LogLine(
            time=decision.signal.candle_open_time + subscription.timeframe_length,
            kind=decision.outcome.lower(),
            text=sentences[Decision.Outcome(decision.outcome)]
            % {
                "action": decision.signal.action,
                "price": price(decision.signal.price),
                "detail": decision.detail.rstrip("."),
            },
            note=decision.signal.reason,
        )
        for decision in decisions
    ]


def _failure_lines(subscription: Subscription, limit: int) -> list[LogLine]:
    if subscription.stream_id is None or subscription.started_at is None:
        return []
    failed = (
        Signal.objects.filter(stream=subscription.stream_id, created_at__gte=subscription.started_at)
        .exclude(outcome=Signal.Outcome.OK)
        .order_by("-candle_open_time")
    )
    return [
        LogLine(
            time=signal.candle_open_time + subscription.timeframe_length,
            kind="failed",
            text=_("No answer from the bot: %(outcome)s.") % {"outcome": signal.get_outcome_display().lower()},
        )
        for signal in failed[:limit]
    ]


def _exit_lines(subscription: Subscription, limit: int) -> list[LogLine]:
    names = {
        Order.Leg.STOP_LOSS: _("Stop loss reached"),
        Order.Leg.TAKE_PROFIT: _("Take profit reached"),
        Order.Leg.EXIT: _("Position closed by the platform"),
        Order.Leg.LIQUIDATION: _("Liquidated by the venue"),
    }
    exits = (
        Order.objects.filter(subscription=subscription, leg__in=names, signal=None, filled_quantity__gt=0)
        .annotate(filled_at=Max("fills__executed_at"))
        .exclude(filled_at=None)
        .order_by("-filled_at")
    )
    sentence = _("%(name)s: sold %(quantity)s %(asset)s at %(price)s.")
    return [
        LogLine(
            time=order.filled_at,
            kind="exit",
            text=sentence
            % {
                "name": names[Order.Leg(order.leg)],
                "quantity": quantity(order.filled_quantity),
                "asset": subscription.base_asset,
                "price": price(order.average_price),
            },
        )
        for order in exits[:limit]
    ]


def data_revision(subscription: Subscription) -> str:
    """A text that changes when the charts have something new to show. Two queries."""
    fill = Fill.objects.filter(order__subscription=subscription).aggregate(newest=Max("pk"))["newest"]
    point = EquityPoint.objects.filter(subscription=subscription).aggregate(newest=Max("pk"))["newest"]
    asked = subscription.stream.last_candle if subscription.stream else None
    return f"{asked.timestamp():.0f}-{fill or 0}-{point or 0}" if asked else f"0-{fill or 0}-{point or 0}"
