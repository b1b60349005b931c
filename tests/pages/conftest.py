"""Bots, subscriptions and records to look at, and a browser's clients."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from bots.models import Bot, BotVersion, ValidationReport, VersionEvent
from exchanges.models import Candle, ExchangeCredential, Instrument, Mode
from subscriptions.models import (
    Decision,
    EquityPoint,
    Fill,
    Order,
    Position,
    Signal,
    SignalStream,
    Subscription,
    Trade,
    config_hash,
)

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SCHEMA = {
    "type": "object",
    "properties": {
        "fast": {"type": "integer", "title": "Fast average", "minimum": 2, "maximum": 50},
        "band": {"type": "number", "minimum": 0.5, "description": "Wider means rarer."},
        "side": {"type": "string", "enum": ["long", "both"]},
        "careful": {"type": "boolean"},
        "levels": {"type": "array", "items": {"type": "number"}},
    },
    "required": ["fast"],
    "additionalProperties": False,
}
DEFAULTS = {"fast": 3, "band": 1.5, "side": "long", "careful": True}


@pytest.fixture
def browser() -> Callable[[User | None], Client]:
    """`browser(user)` is logged in, `browser(None)` is a visitor."""

    def client(user: User | None) -> Client:
        made = Client()
        if user is not None:
            made.force_login(user)
        return made

    return client


@pytest.fixture
def make_bot(author: User) -> Callable[..., Bot]:
    """A bot with one version, approved unless `status` says otherwise."""

    def make(name: str = "Momentum", *, status: str = "APPROVED", bot_type: str = "TECHNICAL", **fields: Any) -> Bot:
        bot = Bot.objects.create(author=fields.pop("author", author), name=name, bot_type=bot_type, **fields)
        version = BotVersion.objects.create(
            bot=bot,
            number=1,
            status=status,
            content_hash="ab" * 32,
            config_schema=SCHEMA,
            default_config=DEFAULTS,
            submitted_at=START,
        )
        checks = [{"name": "runs", "outcome": "passed", "evidence": "secret_file.py answered", "fix": ""}]
        ValidationReport.objects.create(
            version=version, content_hash="ab" * 32, status="passed", checks=checks, finished_at=START
        )
        VersionEvent.objects.create(version=version, actor=bot.author, status=status, reason="between us")
        return bot

    return make


@pytest.fixture
def bot(make_bot: Callable[..., Bot]) -> Bot:
    return make_bot()


@pytest.fixture
def btc_usdt(db: Any) -> Instrument:
    """Known and fresh, so that nobody asks a venue for it."""
    return Instrument.objects.create(
        exchange="BINANCE",
        symbol="BTC/USDT",
        venue_symbol="BTCUSDT",
        base="BTC",
        quote="USDT",
        tick_size=Decimal("0.01"),
        lot_step=Decimal("0.00001"),
        min_quantity=Decimal("0.00001"),
        min_notional=Decimal(5),
        updated_at=timezone.now(),
    )


@pytest.fixture
def make_subscription(bot: Bot, subscriber: User) -> Callable[..., Subscription]:
    """A subscription of `subscriber` to `bot`, running on paper unless told otherwise."""

    def make(name: str = "mine", *, user: User = subscriber, mode: str = Mode.PAPER, **fields: Any) -> Subscription:
        version = fields.pop("bot", bot).approved_version
        credential, _ = ExchangeCredential.objects.get_or_create(
            user=user, exchange="BINANCE", mode=mode, label="default"
        )
        stream, _ = SignalStream.objects.get_or_create(
            bot_version=version,
            exchange="BINANCE",
            market_type="spot",
            symbol="BTC/USDT",
            timeframe="1h",
            config_hash=config_hash({}),
        )
        values: dict[str, Any] = {"status": "RUNNING", "stream": stream, "started_at": START - HOUR, **fields}
        return Subscription.objects.create(
            user=user,
            instance_name=name,
            bot_version=version,
            exchange="BINANCE",
            mode=mode,
            credential=credential,
            symbol="BTC/USDT",
            timeframe="1h",
            allocated_capital=Decimal(1000),
            **values,
        )

    return make


def add_order(
    subscription: Subscription,
    number: int,
    leg: str,
    price: str,
    when: datetime,
    *,
    status: str = "FILLED",
    signal: Signal | None = None,
) -> Order:
    """An order for 0.1 BTC, filled at `price` unless its status says otherwise."""
    intent = f"{number}-{leg}"
    is_filled = status == "FILLED"
    order = Order.objects.create(
        subscription=subscription,
        credential=subscription.credential,
        signal=signal,
        leg=leg,
        intent=intent,
        client_order_id=Order.make_client_order_id(subscription.pk, intent),
        exchange_order_id=f"1000{number}",
        symbol="BTC/USDT",
        side="BUY" if leg == "ENTRY" else "SELL",
        order_type="STOP_LOSS" if leg == "STOP_LOSS" else "MARKET",
        quantity=Decimal("0.1"),
        stop_price=Decimal(price) if leg == "STOP_LOSS" else None,
        reference_price=Decimal(price),
        status=status,
        filled_quantity=Decimal("0.1") if is_filled else Decimal(0),
        average_price=Decimal(price) if is_filled else None,
    )
    if is_filled:
        Fill.objects.create(
            order=order,
            fill_id=intent,
            price=Decimal(price),
            quantity=Decimal("0.1"),
            fee=Decimal("0.1"),
            fee_asset="USDT",
            fee_in_quote=Decimal("0.1"),
            executed_at=when,
        )
    return order


def add_trades(subscription: Subscription, count: int, *, gain: str = "9.8") -> None:
    """Round trips of an hour with all that belongs to them: bought at 1,000, sold so that the P&L is `gain`."""
    pnl = Decimal(gain)
    exit_price = (Decimal(100) + pnl + Decimal("0.2")) * 10
    assert subscription.stream is not None
    for number in range(count):
        opened = START + 3 * HOUR * number
        legs = (("BUY", "ENTRY", "1000", opened), ("SELL", "EXIT", str(exit_price), opened + HOUR))
        for action, leg, price, when in legs:
            signal, _ = Signal.objects.get_or_create(
                stream=subscription.stream,
                candle_open_time=when - HOUR,
                defaults={"outcome": "OK", "action": action, "price": Decimal(1000), "reason": f"said {action}"},
            )
            Decision.objects.create(
                subscription=subscription, signal=signal, outcome="EXECUTED", detail=f"{action} 0.1 BTC MARKET"
            )
            add_order(subscription, number, leg, price, when, signal=signal)
        Trade.objects.create(
            subscription=subscription,
            cycle=number + 1,
            opened_at=opened,
            closed_at=opened + HOUR,
            quantity=Decimal("0.1"),
            entry_price=Decimal(1000),
            exit_price=exit_price,
            fees=Decimal("0.2"),
            pnl=pnl,
            exit_leg="EXIT",
        )
        EquityPoint.objects.create(
            subscription=subscription, time=opened + HOUR, equity=Decimal(1000) + pnl * (number + 1)
        )
    Position.objects.update_or_create(subscription=subscription, defaults={"realised_pnl": pnl * count, "cycle": count})


def open_position(subscription: Subscription, *, stop: str | None = "980", stop_status: str | None = "OPEN") -> None:
    """It holds 0.1 BTC bought at 1,000, with a stop order in `stop_status`, or none."""
    Position.objects.update_or_create(
        subscription=subscription,
        defaults={
            "quantity": Decimal("0.1"),
            "opened_at": START,
            "bought": Decimal("0.1"),
            "bought_value": Decimal(100),
            "stop_loss_price": Decimal(stop) if stop else None,
        },
    )
    if stop and stop_status:
        add_order(subscription, 99, "STOP_LOSS", stop, START, status=stop_status)


def add_candles(instrument: Instrument, count: int) -> None:
    Candle.objects.bulk_create(
        Candle(
            instrument=instrument,
            timeframe="1h",
            open_time=START + HOUR * number,
            open=Decimal(1000),
            high=Decimal(1010),
            low=Decimal(990),
            close=Decimal(1005),
            volume=Decimal(1),
        )
        for number in range(count)
    )
