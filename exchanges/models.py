"""Accounts at venues, what can be traded there, candles, and the books of paper trading."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import models

from exchanges import base
from exchanges.base import Candle as CandleValue
from exchanges.base import Instrument as InstrumentRules
from exchanges.fields import EncryptedCharField, EncryptedTextField, ExactDecimalField


class Mode(models.TextChoices):
    PAPER = base.Mode.PAPER.value, "Paper"
    TESTNET = base.Mode.TESTNET.value, "Testnet"
    LIVE = base.Mode.LIVE.value, "Live"


class Network(models.TextChoices):
    LIVE = "live", "Live"
    TESTNET = "testnet", "Testnet"


class MarketType(models.TextChoices):
    SPOT = base.MarketType.SPOT.value, "Spot"
    MARGIN = base.MarketType.MARGIN.value, "Margin"
    FUTURES = base.MarketType.FUTURES.value, "Futures"


class CredentialQuerySet(models.QuerySet["ExchangeCredential"]):
    def without_secrets(self) -> CredentialQuerySet:
        """For lists and deletion: nothing is decrypted, so a lost key cannot get in the way."""
        return self.defer("api_key", "api_secret", "passphrase")

    def for_user(self, user: Any) -> CredentialQuerySet:
        return self.filter(user=user)


class ExchangeCredential(models.Model):
    """A user's account at a venue: an API key, or the virtual account of paper trading (no key)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="exchange_credentials")
    exchange = models.CharField(max_length=40)
    mode = models.CharField(max_length=10, choices=Mode)
    # Blank: the key is good for every account type that the venue has no own keys for (`markets_with_own_keys`).
    market_type = models.CharField(max_length=10, choices=MarketType, blank=True, default="")
    label = models.CharField(max_length=80, default="default")
    api_key = EncryptedCharField(max_length=500, blank=True, default="")
    api_secret = EncryptedTextField(blank=True, default="")
    passphrase = EncryptedCharField(max_length=200, blank=True, default="")  # of venues whose keys have a third part
    api_key_hint = models.CharField(max_length=4, blank=True, default="", editable=False)
    is_paused = models.BooleanField(default=False)
    paused_reason = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    last_checked_at = models.DateTimeField(null=True, blank=True)
    last_check_error = models.CharField(max_length=300, blank=True, default="")

    objects = CredentialQuerySet.as_manager()

    class Meta:
        ordering = ["exchange", "mode", "label"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "exchange", "mode", "market_type", "label"], name="one_credential_per_label"
            ),
        ]

    def __str__(self) -> str:
        hint = f"…{self.api_key_hint}" if self.api_key_hint else ""
        parts = (self.exchange, self.market_type, self.mode, self.label, hint)
        return " ".join(part for part in parts if part)

    @property
    def is_paper(self) -> bool:
        return self.mode == Mode.PAPER

    @property
    def network(self) -> str:
        """Where its orders go; a paper account reads the live network's prices."""
        return Network.TESTNET if self.mode == Mode.TESTNET else Network.LIVE


class Instrument(models.Model):
    """What a venue trades and in which steps, as its instrument list said at `updated_at`."""

    exchange = models.CharField(max_length=40)
    network = models.CharField(max_length=10, choices=Network, default=Network.LIVE)
    market_type = models.CharField(max_length=10, choices=MarketType, default=MarketType.SPOT)
    symbol = models.CharField(max_length=40)
    venue_symbol = models.CharField(max_length=40)
    base = models.CharField(max_length=20)
    quote = models.CharField(max_length=20)
    tick_size = ExactDecimalField(default=Decimal(0))
    lot_step = ExactDecimalField(default=Decimal(0))
    min_quantity = ExactDecimalField(default=Decimal(0))
    max_quantity = ExactDecimalField(null=True, blank=True)
    min_notional = ExactDecimalField(default=Decimal(0))
    is_trading = models.BooleanField(default=True)
    order_types = models.CharField(max_length=200, blank=True, default="")  # comma separated; empty: not known
    max_leverage = models.PositiveIntegerField(default=1)
    settle = models.CharField(max_length=20, blank=True, default="")
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["exchange", "market_type", "symbol"]
        constraints = [
            models.UniqueConstraint(
                fields=["exchange", "network", "market_type", "symbol"], name="one_instrument_per_symbol"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exchange} {self.market_type} {self.symbol}"

    def rules(self) -> InstrumentRules:
        """The same as the adapters' value type: rounding and minimums."""
        return InstrumentRules(
            symbol=self.symbol,
            venue_symbol=self.venue_symbol,
            base=self.base,
            quote=self.quote,
            market_type=base.MarketType(self.market_type),
            tick_size=self.tick_size,
            lot_step=self.lot_step,
            min_quantity=self.min_quantity,
            max_quantity=self.max_quantity,
            min_notional=self.min_notional,
            is_trading=self.is_trading,
            order_types=tuple(base.OrderType(name) for name in self.order_types.split(",") if name),
            max_leverage=self.max_leverage,
            settle=self.settle,
        )

    def is_fresh(self, now: datetime, max_age: timedelta) -> bool:
        return now - self.updated_at < max_age


class Candle(models.Model):
    """One closed candle of the live network. Fetched once per market, shared by everything that looks at it."""

    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="candles")
    timeframe = models.CharField(max_length=4)
    open_time = models.DateTimeField()
    open = ExactDecimalField()
    high = ExactDecimalField()
    low = ExactDecimalField()
    close = ExactDecimalField()
    volume = ExactDecimalField()

    class Meta:
        ordering = ["open_time"]
        constraints = [
            models.UniqueConstraint(fields=["instrument", "timeframe", "open_time"], name="one_candle_per_time"),
        ]

    def __str__(self) -> str:
        return f"{self.timeframe} {self.open_time:%Y-%m-%d %H:%M}"

    def value(self) -> CandleValue:
        return CandleValue(self.open_time, self.open, self.high, self.low, self.close, self.volume)


# --- paper trading: what a venue would keep about an account
class PaperBalance(models.Model):
    """One asset in one wallet: spot, margin and futures money are kept apart."""

    credential = models.ForeignKey(ExchangeCredential, on_delete=models.CASCADE, related_name="paper_balances")
    market_type = models.CharField(max_length=10, choices=MarketType, default=MarketType.SPOT)
    asset = models.CharField(max_length=20)
    free = ExactDecimalField(default=Decimal(0))
    used = ExactDecimalField(default=Decimal(0))  # locked by resting orders; of margin and futures by positions too

    class Meta:
        ordering = ["market_type", "asset"]
        constraints = [
            models.UniqueConstraint(
                fields=["credential", "market_type", "asset"], name="one_paper_balance_per_wallet_and_asset"
            ),
            models.CheckConstraint(condition=models.Q(free__gte=0, used__gte=0), name="paper_balance_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.free} + {self.used} {self.asset}"


class PaperOrder(models.Model):
    """An order of a paper account. Its `id` is the exchange order id."""

    credential = models.ForeignKey(ExchangeCredential, on_delete=models.CASCADE, related_name="paper_orders")
    market_type = models.CharField(max_length=10, choices=MarketType, default=MarketType.SPOT)
    client_order_id = models.CharField(max_length=36)
    symbol = models.CharField(max_length=40)
    side = models.CharField(max_length=4)
    order_type = models.CharField(max_length=20)
    status = models.CharField(max_length=20, default=base.OrderStatus.OPEN.value)
    quantity = ExactDecimalField()
    limit_price = ExactDecimalField(null=True, blank=True)
    stop_price = ExactDecimalField(null=True, blank=True)
    trailing_pct = ExactDecimalField(null=True, blank=True)
    best_price = ExactDecimalField(null=True, blank=True)  # of a trailing stop: the best price since it was placed
    reduce_only = models.BooleanField(default=False)
    is_liquidation = models.BooleanField(default=False)  # placed by the venue, not by us
    group = models.CharField(max_length=36, blank=True, default="")  # orders of which one cancels the others
    filled_quantity = ExactDecimalField(default=Decimal(0))
    filled_quote = ExactDecimalField(default=Decimal(0))  # what the fills were worth together, in quote units
    # What it still holds of the balance: quote of a BUY, base of a SELL; on margin and futures what opening it takes.
    locked = ExactDecimalField(default=Decimal(0))
    is_triggered = models.BooleanField(default=False)
    is_open = models.BooleanField(default=True)
    created_at = models.DateTimeField()  # on the venue's clock, like all times below
    updated_at = models.DateTimeField()
    settled_price = ExactDecimalField()  # the traded price up to which the market has been walked
    settled_until = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["credential", "client_order_id"], name="one_paper_order_per_client_id"),
        ]
        indexes = [
            models.Index(fields=["credential"], condition=models.Q(is_open=True), name="open_paper_orders"),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} {self.symbol} {self.status}"


class PaperFill(models.Model):
    order = models.ForeignKey(PaperOrder, on_delete=models.CASCADE, related_name="fills")
    price = ExactDecimalField()
    quantity = ExactDecimalField()
    fee = ExactDecimalField()
    fee_asset = models.CharField(max_length=20)
    realised_pnl = ExactDecimalField(default=Decimal(0))  # of margin and futures, fee not counted
    is_maker = models.BooleanField(default=False)
    executed_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.quantity} at {self.price}"


class PaperPosition(models.Model):
    """A leveraged position of a paper account, and how the next one is to be held while there is none."""

    credential = models.ForeignKey(ExchangeCredential, on_delete=models.CASCADE, related_name="paper_positions")
    market_type = models.CharField(max_length=10, choices=MarketType)
    symbol = models.CharField(max_length=40)
    asset = models.CharField(max_length=20)  # what margin, fees and profits are in
    leverage = models.PositiveIntegerField(default=1)
    margin_mode = models.CharField(max_length=10, default=base.MarginMode.CROSS.value)
    maintenance_rate = ExactDecimalField(default=Decimal(0))  # of its worth; with less behind it, it is liquidated
    quantity = ExactDecimalField(default=Decimal(0))  # base units, negative when short
    cost = ExactDecimalField(default=Decimal(0))  # entry price times quantity, signed alike
    margin = ExactDecimalField(default=Decimal(0))  # set aside for it
    opened_at = models.DateTimeField(null=True, blank=True)  # on the venue's clock, like all times below
    settled_price = ExactDecimalField(default=Decimal(0))  # the last price it was looked at with
    settled_until = models.DateTimeField(null=True, blank=True)
    charged_until = models.DateTimeField(null=True, blank=True)  # funding and rollover up to then are booked
    rates_read_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["credential", "market_type", "symbol"], name="one_paper_position"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.symbol}"


class PaperPayment(models.Model):
    """Money that came or went without a fill."""

    class Kind(models.TextChoices):
        FUNDING = "funding", "Funding"
        ROLLOVER = "rollover", "Rollover"
        SHORTFALL = "shortfall", "Loss beyond the margin, borne by the venue"

    credential = models.ForeignKey(ExchangeCredential, on_delete=models.CASCADE, related_name="paper_payments")
    market_type = models.CharField(max_length=10, choices=MarketType)
    symbol = models.CharField(max_length=40)
    kind = models.CharField(max_length=10, choices=Kind)
    amount = ExactDecimalField()  # negative: paid
    asset = models.CharField(max_length=20)
    paid_at = models.DateTimeField()  # on the venue's clock

    class Meta:
        ordering = ["paid_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["credential", "market_type", "symbol", "kind", "paid_at"],
                condition=~models.Q(kind="shortfall"),
                name="one_paper_payment_per_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.asset}"
