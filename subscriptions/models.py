"""Subscriptions, the streams of signals they share, and everything that happened: decisions, orders, fills, trades."""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bots.models import BotVersion
from exchanges import base
from exchanges.fields import ExactDecimalField
from exchanges.models import ExchangeCredential, MarketType, Mode
from subscriptions.performance import PositionState
from subscriptions.risk import RiskConfig

ZERO = Decimal(0)


def config_hash(strategy_config: dict[str, Any]) -> str:
    """Equal parameters share a stream, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(strategy_config, sort_keys=True).encode()).hexdigest()


class SignalStream(models.Model):
    """One (bot version, exchange, market type, symbol, timeframe, strategy_config): asked once per candle for all."""

    class Status(models.TextChoices):
        ACTIVE = "ACTIVE", _("Active")
        PAUSED = "PAUSED", _("Paused")

    bot_version = models.ForeignKey(BotVersion, on_delete=models.PROTECT, related_name="streams")
    exchange = models.CharField(max_length=40)
    market_type = models.CharField(max_length=10, choices=MarketType)
    symbol = models.CharField(max_length=40)
    timeframe = models.CharField(max_length=4)
    strategy_config = models.JSONField(default=dict)
    config_hash = models.CharField(max_length=64)
    status = models.CharField(max_length=6, choices=Status, default=Status.ACTIVE)
    paused_reason = models.CharField(max_length=300, blank=True)
    state = models.JSONField(default=dict, help_text=_("what the bot keeps between candles"))
    consecutive_failures = models.PositiveIntegerField(default=0)
    last_candle = models.DateTimeField(null=True, help_text=_("open time of the last candle that has a signal"))
    # Who is asking the bot right now: a conditional UPDATE takes the claim, and it ends by itself.
    claimed_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["bot_version", "exchange", "market_type", "symbol", "timeframe", "config_hash"],
                name="one_stream_per_question",
            )
        ]
        indexes = [models.Index(fields=["timeframe", "status"])]

    def __str__(self) -> str:
        return f"{self.bot_version} {self.symbol} {self.timeframe} at {self.exchange}"


class MarginMode(models.TextChoices):
    CROSS = base.MarginMode.CROSS.value, _("Cross")
    ISOLATED = base.MarginMode.ISOLATED.value, _("Isolated")


class Signal(models.Model):
    """What a bot said at the close of one candle, or why it said nothing."""

    class Outcome(models.TextChoices):
        OK = "OK", _("Answered")
        TIME_LIMIT = "TIME_LIMIT", _("Took too long")
        MEMORY_LIMIT = "MEMORY_LIMIT", _("Used too much memory")
        OUTPUT_LIMIT = "OUTPUT_LIMIT", _("Said too much")
        RUNTIME_ERROR = "RUNTIME_ERROR", _("Raised an error")
        PROTOCOL_ERROR = "PROTOCOL_ERROR", _("Answered nonsense")

    stream = models.ForeignKey(SignalStream, on_delete=models.CASCADE, related_name="signals")
    candle_open_time = models.DateTimeField()
    outcome = models.CharField(max_length=14, choices=Outcome)
    action = models.CharField(max_length=4, blank=True, help_text=_("BUY, SELL or HOLD; empty unless answered"))
    price = ExactDecimalField(null=True)
    reason = models.CharField(max_length=500, blank=True)
    confidence = models.FloatField(null=True)
    order_type = models.CharField(max_length=10, blank=True)
    limit_price = ExactDecimalField(null=True)
    stop_loss = ExactDecimalField(null=True)
    take_profit = ExactDecimalField(null=True)
    error = models.TextField(blank=True)
    log = models.TextField(blank=True)
    duration_seconds = models.FloatField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    handled_at = models.DateTimeField(null=True, help_text=_("when every subscription had its decision"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "candle_open_time"], name="one_signal_per_candle")]
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(handled_at=None, action__in=["BUY", "SELL"]),
                name="signals_to_handle",
            )
        ]
        ordering = ["-candle_open_time"]

    def __str__(self) -> str:
        return f"{self.action or self.outcome} at {self.candle_open_time:%Y-%m-%d %H:%M}"

    @property
    def calls_for_orders(self) -> bool:
        return self.action in ("BUY", "SELL")

    @property
    def closed_at(self) -> datetime:
        return self.candle_open_time + base.TIMEFRAMES[self.stream.timeframe]


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def for_user(self, user: Any) -> SubscriptionQuerySet:
        return self.filter(user=user)

    def running(self) -> SubscriptionQuerySet:
        return self.filter(status=Subscription.Status.RUNNING)


class Subscription(models.Model):
    """One user runs one bot version on one market of one account."""

    class Status(models.TextChoices):
        CREATED = "CREATED", _("Not started")
        RUNNING = "RUNNING", _("Running")
        PAUSED = "PAUSED", _("Paused")  # no new entries; exits are kept
        STOPPING = "STOPPING", _("Stopping")
        STOPPED = "STOPPED", _("Stopped")

    ACTIVE = (Status.RUNNING, Status.PAUSED, Status.STOPPING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="subscriptions")
    instance_name = models.CharField(max_length=80)
    bot_version = models.ForeignKey(BotVersion, on_delete=models.PROTECT, related_name="subscriptions")
    exchange = models.CharField(max_length=40)
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.PAPER)
    credential = models.ForeignKey(ExchangeCredential, on_delete=models.PROTECT, related_name="subscriptions")
    symbol = models.CharField(max_length=40)
    timeframe = models.CharField(max_length=4)
    strategy_config = models.JSONField(default=dict, blank=True)
    market_type = models.CharField(max_length=10, choices=MarketType, default=MarketType.SPOT)
    # Of margin and futures: how positions are held. Spot has a leverage of 1 and no margin mode.
    leverage = models.PositiveSmallIntegerField(default=1)
    margin_mode = models.CharField(max_length=10, choices=MarginMode, blank=True, default="")
    order_type = models.CharField(max_length=10, default=base.OrderType.MARKET.value)
    allocated_capital = ExactDecimalField(help_text=_("in the pair's quote currency"))
    risk_config = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=8, choices=Status, default=Status.CREATED)
    status_reason = models.CharField(max_length=300, blank=True)
    flatten_on_stop = models.BooleanField(default=False)
    stream = models.ForeignKey(
        SignalStream, on_delete=models.PROTECT, related_name="subscriptions", null=True, blank=True
    )
    # Who is working on it right now (`execution.claimed`); the claim ends by itself if its holder dies.
    claimed_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "instance_name"], name="instance_name_once_per_user"),
        ]
        indexes = [models.Index(fields=["stream", "status"])]
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.instance_name

    @property
    def risk(self) -> RiskConfig:
        return RiskConfig.from_json(self.risk_config)

    @property
    def quote(self) -> str:
        return self.symbol.partition("/")[2]

    @property
    def base_asset(self) -> str:
        return self.symbol.partition("/")[0]

    @property
    def timeframe_length(self) -> timedelta:
        return base.TIMEFRAMES[self.timeframe]

    @property
    def is_leveraged(self) -> bool:
        """On margin or futures, whatever the leverage."""
        return self.market_type != MarketType.SPOT


class Decision(models.Model):
    """What a signal came to for one subscription, and why. A HOLD leaves none."""

    class Outcome(models.TextChoices):
        EXECUTED = "EXECUTED", _("Order placed")
        DENIED = "DENIED", _("Denied")
        SKIPPED = "SKIPPED", _("Skipped")

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="decisions")
    signal = models.ForeignKey(Signal, on_delete=models.CASCADE, related_name="decisions")
    outcome = models.CharField(max_length=8, choices=Outcome)
    rule = models.CharField(max_length=40, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subscription", "signal"], name="one_decision_per_signal")]
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.outcome} {self.rule}".strip()


class Order(models.Model):
    """An order of ours: the row is saved before anything is sent. Statuses: `exchanges.base.OrderStatus`."""

    class Leg(models.TextChoices):
        ENTRY = "ENTRY", _("Entry")
        EXIT = "EXIT", _("Exit")
        STOP_LOSS = "STOP_LOSS", _("Stop loss")
        TAKE_PROFIT = "TAKE_PROFIT", _("Take profit")
        LIQUIDATION = "LIQUIDATION", _("Liquidation by the venue")

    class Status(models.TextChoices):
        NEW = base.OrderStatus.NEW.value, _("Saved, not sent")
        SUBMITTED = base.OrderStatus.SUBMITTED.value, _("Being sent")
        UNKNOWN = base.OrderStatus.UNKNOWN.value, _("Outcome unknown")
        OPEN = base.OrderStatus.OPEN.value, _("Open")
        PARTIALLY_FILLED = base.OrderStatus.PARTIALLY_FILLED.value, _("Partly filled")
        FILLED = base.OrderStatus.FILLED.value, _("Filled")
        CANCELED = base.OrderStatus.CANCELED.value, _("Canceled")
        REJECTED = base.OrderStatus.REJECTED.value, _("Rejected by the venue")
        EXPIRED = base.OrderStatus.EXPIRED.value, _("Expired")
        DENIED = base.OrderStatus.DENIED.value, _("Denied by us")

    WORKING = (Status.NEW, Status.SUBMITTED, Status.UNKNOWN, Status.OPEN, Status.PARTIALLY_FILLED)
    # The venue does not lock balance for these yet, as far as we know: we reserve it ourselves.
    UNCONFIRMED = (Status.NEW, Status.SUBMITTED, Status.UNKNOWN)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="orders")
    credential = models.ForeignKey(ExchangeCredential, on_delete=models.PROTECT, related_name="orders")
    signal = models.ForeignKey(Signal, on_delete=models.SET_NULL, null=True, blank=True, related_name="orders")
    leg = models.CharField(max_length=11, choices=Leg)
    # Names what the order is for; with the subscription it decides the client order id.
    intent = models.CharField(max_length=60)
    client_order_id = models.CharField(max_length=32, unique=True)
    exchange_order_id = models.CharField(max_length=64, blank=True)
    symbol = models.CharField(max_length=40)
    side = models.CharField(max_length=4)
    order_type = models.CharField(max_length=20)
    quantity = ExactDecimalField()
    limit_price = ExactDecimalField(null=True, blank=True)
    stop_price = ExactDecimalField(null=True, blank=True)
    reference_price = ExactDecimalField(help_text=_("best price at the venue when it was decided"))
    stop_loss_price = ExactDecimalField(null=True, blank=True, help_text=_("for the position an entry opens"))
    take_profit_price = ExactDecimalField(null=True, blank=True)
    status = models.CharField(max_length=16, choices=Status, default=Status.NEW)
    status_detail = models.CharField(max_length=300, blank=True)
    filled_quantity = ExactDecimalField(default=ZERO)
    average_price = ExactDecimalField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscription", "intent"], name="one_order_per_intent"),
        ]
        indexes = [
            models.Index(
                fields=["credential"],
                condition=Q(status__in=["NEW", "SUBMITTED", "UNKNOWN", "OPEN", "PARTIALLY_FILLED"]),
                name="working_orders",
            )
        ]
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.leg} {self.side} {self.quantity} {self.symbol} {self.status}"

    @staticmethod
    def make_client_order_id(subscription_id: uuid.UUID, intent: str) -> str:
        """32 lower-case hex characters; the same intent always has the same id."""
        return hashlib.sha256(f"{subscription_id}:{intent}".encode()).hexdigest()[:32]

    @property
    def is_working(self) -> bool:
        return self.status in self.WORKING

    @property
    def is_exit(self) -> bool:
        """It may only shrink the position."""
        return self.leg != self.Leg.ENTRY

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.filled_quantity

    def request(self) -> base.OrderRequest:
        return base.OrderRequest(
            client_order_id=self.client_order_id,
            symbol=self.symbol,
            side=base.Side(self.side),
            order_type=base.OrderType(self.order_type),
            quantity=self.quantity,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            reduce_only=self.is_exit,
        )


class Fill(models.Model):
    """One execution of an order, as the venue reported it. `fee_in_quote` is its fee's value at that moment."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="fills")
    fill_id = models.CharField(max_length=64)
    price = ExactDecimalField()
    quantity = ExactDecimalField()
    fee = ExactDecimalField()
    fee_asset = models.CharField(max_length=20)
    fee_in_quote = ExactDecimalField()
    executed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "fill_id"], name="one_row_per_fill")]
        ordering = ["executed_at", "id"]

    def __str__(self) -> str:
        return f"{self.quantity} at {self.price}"


class Position(models.Model):
    """What a subscription holds: the sums of `performance.PositionState`, and the exits promised for it."""

    subscription = models.OneToOneField(Subscription, on_delete=models.CASCADE, related_name="position")
    cycle = models.PositiveIntegerField(default=0, help_text=_("counts the times it was opened"))
    quantity = ExactDecimalField(default=ZERO)
    opened_at = models.DateTimeField(null=True, blank=True)
    bought = ExactDecimalField(default=ZERO)
    bought_value = ExactDecimalField(default=ZERO)
    sold = ExactDecimalField(default=ZERO)
    sold_value = ExactDecimalField(default=ZERO)
    paid_fees = ExactDecimalField(default=ZERO)
    fees = ExactDecimalField(default=ZERO)
    funding = ExactDecimalField(default=ZERO, help_text=_("funding, rollover and interest; negative: paid"))
    stop_loss_price = ExactDecimalField(null=True, blank=True)
    take_profit_price = ExactDecimalField(null=True, blank=True)
    realised_pnl = ExactDecimalField(default=ZERO, help_text=_("of all closed trades, net of fees and with funding"))
    # Of margin and futures: what the venue said of the account's position at `seen_at`.
    mark_price = ExactDecimalField(null=True, blank=True)
    liquidation_price = ExactDecimalField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    missing_since = models.DateTimeField(null=True, blank=True, help_text=_("the venue holds less than this since"))
    # Payments up to then, on the venue's clock, were asked for; due: some may still come, also of a closed position.
    funding_read_until = models.DateTimeField(null=True, blank=True)
    is_funding_due = models.BooleanField(default=False)

    SUMS = ("quantity", "opened_at", "bought", "bought_value", "sold", "sold_value", "paid_fees", "fees", "funding")

    def __str__(self) -> str:
        return f"{self.quantity} {self.subscription.base_asset}"

    @property
    def state(self) -> PositionState:
        return PositionState(**{name: getattr(self, name) for name in self.SUMS})

    @state.setter
    def state(self, state: PositionState) -> None:
        for name in self.SUMS:
            setattr(self, name, getattr(state, name))

    @property
    def is_open(self) -> bool:
        return self.opened_at is not None

    def cash(self, capital: Decimal, leverage: int = 1) -> Decimal:
        """Of the subscription's capital and gains, what is not in the position; quote units."""
        return capital + self.realised_pnl - self.state.net_cost + self.state.borrowed(leverage)

    def equity(self, capital: Decimal, price: Decimal) -> Decimal:
        return self.cash(capital) + self.quantity * price

    @property
    def unrealised_pnl(self) -> Decimal | None:
        """At the mark price that the venue last told; fees and funding not counted."""
        entry = self.state.average_entry_price
        if self.mark_price is None or entry is None:
            return None
        return self.quantity * (self.mark_price - entry)


class FundingPayment(models.Model):
    """A subscription's share of what the account paid (negative) or was paid for holding its position."""

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="funding_payments")
    payment_id = models.CharField(max_length=100, help_text=_("the venue's"))
    amount = ExactDecimalField()
    asset = models.CharField(max_length=20)
    amount_in_quote = ExactDecimalField()
    paid_at = models.DateTimeField(help_text=_("on the venue's clock"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscription", "payment_id"], name="one_share_per_payment"),
        ]
        ordering = ["-paid_at", "-id"]

    def __str__(self) -> str:
        return f"{self.amount} {self.asset}"


class Trade(models.Model):
    """A round trip, entry to exit. `pnl` is net of all fees and with funding, in quote units."""

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="trades")
    cycle = models.PositiveIntegerField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField()
    quantity = ExactDecimalField()
    entry_price = ExactDecimalField()
    exit_price = ExactDecimalField()
    fees = ExactDecimalField()
    funding = ExactDecimalField(default=ZERO)
    pnl = ExactDecimalField()
    exit_leg = models.CharField(max_length=11, choices=Order.Leg)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscription", "cycle"], name="one_trade_per_cycle"),
        ]
        ordering = ["-closed_at"]

    def __str__(self) -> str:
        return f"{self.pnl} {self.subscription.quote}"


class EquityPoint(models.Model):
    """A subscription's equity: at each fill, and at each candle close while a position is open."""

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="equity_points")
    time = models.DateTimeField(help_text=_("on the venue's clock"))
    equity = ExactDecimalField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subscription", "time"], name="one_equity_point_per_time")]
        ordering = ["time"]

    def __str__(self) -> str:
        return f"{self.time:%Y-%m-%d %H:%M} {self.equity}"
