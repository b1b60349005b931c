"""Ask the streams: at a candle's close each SignalStream's bot is asked once, and its answer is recorded once.

Nothing here knows a subscriber. What follows from a signal: `execution.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from bots import runtime
from bots.models import BotVersion
from bots.sandbox.types import AskRequest, Outcome, OutcomeStatus
from exchanges import market_data, services
from exchanges.base import TIMEFRAMES, Candle
from exchanges.models import Instrument
from subscriptions.models import EquityPoint, Position, Signal, SignalStream, Subscription

log = structlog.get_logger(__name__)

# How long one process may take to fetch candles and ask the bots before another may take over.
CLAIM_SECONDS = 150
HIGHEST_PRICE = 1e15


@dataclass(frozen=True, slots=True)
class Market:
    """Where candles come from; all streams of one market share them."""

    exchange: str
    market_type: str
    symbol: str
    timeframe: str


def active_streams(timeframe: str) -> QuerySet[SignalStream]:
    """Streams to be asked: not paused, of an approved version, with at least one running subscription."""
    running = Subscription.objects.running().filter(stream=OuterRef("pk"))
    return SignalStream.objects.filter(
        Exists(running),
        timeframe=timeframe,
        status=SignalStream.Status.ACTIVE,
        bot_version__status=BotVersion.Status.APPROVED,
    )


def due_markets(*, timeframe: str) -> list[Market]:
    """Markets in which a candle of this timeframe may have closed for someone. One query."""
    names = active_streams(timeframe).order_by().values_list("exchange", "market_type", "symbol").distinct()
    return [Market(exchange, market_type, symbol, timeframe) for exchange, market_type, symbol in names]


def collect_signals(*, market: Market) -> Iterator[Signal]:
    """Ask every stream of the market that has no signal for its newest closed candle; yield each signal once recorded.

    One candle request and one message per bot version, however many subscriptions there are; a bot that is slow holds
    up nobody whose signal is already there. Raises TransientExchangeError (CandleNotReady among them) when the venue
    cannot tell yet: try again.
    """
    streams = list(
        active_streams(market.timeframe)
        .filter(exchange=market.exchange, market_type=market.market_type, symbol=market.symbol)
        .select_related("bot_version__bot")
        .prefetch_related("bot_version__files")
    )
    if not streams:
        return
    with services.open_public_exchange(exchange=market.exchange, market_type=market.market_type) as venue:
        open_time = market_data.latest_closed_open_time(venue.get_server_time(), market.timeframe)
    claimed = [stream for stream in streams if _claim(stream, open_time)]
    if not claimed:
        return
    try:
        yield from _ask_about(open_time, market=market, streams=claimed)
    finally:
        _release(claimed)  # those that were not recorded: a retry need not wait for the claim to run out


def _ask_about(open_time: datetime, *, market: Market, streams: list[SignalStream]) -> Iterator[Signal]:
    instrument = services.get_instrument(exchange=market.exchange, market_type=market.market_type, symbol=market.symbol)
    candles = market_data.get_candles(
        instrument=instrument,
        timeframe=market.timeframe,
        limit=max(stream.bot_version.warmup_candles for stream in streams),
        until=open_time,
    )
    mark_equity(instrument=instrument, candle=candles[-1], timeframe=market.timeframe)
    for stream, outcome in _ask(streams, candles):
        signal = _record(stream, outcome, open_time)
        if signal is not None:
            yield signal


def unhandled_signals(*, older_than: timedelta) -> list[int]:
    """Signals whose orders nobody dispatched (a worker died in between) and that are still fresh enough to act on."""
    now = timezone.now()
    rows = (
        Signal.objects.filter(
            handled_at=None,
            action__in=["BUY", "SELL"],
            created_at__lt=now - older_than,
            created_at__gt=now - max(TIMEFRAMES.values()),
        )
        .select_related("stream")
        .order_by("pk")
    )
    return [row.pk for row in rows if now - row.created_at < TIMEFRAMES[row.stream.timeframe]]


def mark_equity(*, instrument: Instrument, candle: Candle, timeframe: str) -> int:
    """An equity point at the candle's close for every subscription with an open position. One read, batched inserts."""
    closed_at = candle.open_time + TIMEFRAMES[timeframe]
    positions = Position.objects.filter(
        opened_at__isnull=False,
        subscription__exchange=instrument.exchange,
        subscription__market_type=instrument.market_type,
        subscription__symbol=instrument.symbol,
        subscription__timeframe=timeframe,
    ).select_related("subscription")
    points = [
        EquityPoint(
            subscription_id=position.subscription_id,
            time=closed_at,
            equity=position.equity(position.subscription.allocated_capital, candle.close),
        )
        for position in positions
    ]
    EquityPoint.objects.bulk_create(points, ignore_conflicts=True, batch_size=1000)
    return len(points)


def _claim(stream: SignalStream, open_time: datetime) -> bool:
    """True if this process may ask the stream about that candle: nobody has, and nobody is about to."""
    now = timezone.now()
    until = now + timedelta(seconds=CLAIM_SECONDS)
    won = SignalStream.objects.filter(
        Q(last_candle=None) | Q(last_candle__lt=open_time),
        Q(claimed_until=None) | Q(claimed_until__lt=now),
        pk=stream.pk,
    ).update(claimed_until=until)
    stream.claimed_until = until
    return bool(won)


def _release(streams: list[SignalStream]) -> None:
    claims = Q()
    for stream in streams:
        claims |= Q(pk=stream.pk, claimed_until=stream.claimed_until)
    SignalStream.objects.filter(claims).update(claimed_until=None)


def _ask(streams: Iterable[SignalStream], candles: list[Candle]) -> Iterable[tuple[SignalStream, Outcome]]:
    """All streams of one version in one message to its worker."""
    open_times, values = market_data.candles_arrays(candles)
    by_version: dict[BotVersion, list[SignalStream]] = defaultdict(list)
    for stream in streams:
        by_version[stream.bot_version].append(stream)
    for version, members in by_version.items():
        window = version.warmup_candles
        requests = [
            AskRequest(
                stream=str(stream.pk),
                strategy_config=stream.strategy_config,
                state=stream.state,
                open_times=open_times[-window:],
                values=values[-window:],
            )
            for stream in members
        ]
        yield from zip(members, runtime.ask(version=version, requests=requests), strict=True)


def _record(stream: SignalStream, outcome: Outcome, open_time: datetime) -> Signal | None:
    """Store the answer, the bot's state and the end of the claim together; None if another process was first."""
    outcome = _with_storable_prices(outcome)
    failed = not outcome.ok
    failures = stream.consecutive_failures + 1 if failed else 0
    changes: dict[str, Any] = {
        "last_candle": open_time,
        "claimed_until": None,
        "consecutive_failures": failures,
        "state": outcome.state,
    }
    with transaction.atomic():
        first = SignalStream.objects.filter(Q(last_candle=None) | Q(last_candle__lt=open_time), pk=stream.pk).update(
            **changes
        )
        if not first:
            return None
        signal = Signal.objects.create(
            stream=stream, candle_open_time=open_time, outcome=str(outcome.status), **_answer(outcome)
        )
        if failures >= settings.BOT_FAILURES_BEFORE_PAUSE:
            pause_stream(stream=stream, reason=f"The bot failed {failures} times in a row: {outcome.status}.")
    if failed:
        log.warning("bot_failed", stream=stream.pk, outcome=str(outcome.status), failures=failures)
    return signal


def pause_stream(*, stream: SignalStream, reason: str) -> None:
    """Ask this bot no more, and pause those who run it: no new entries, exits stay in place."""
    stream.status, stream.paused_reason = SignalStream.Status.PAUSED, reason
    with transaction.atomic():
        stream.save(update_fields=["status", "paused_reason"])
        Subscription.objects.running().filter(stream=stream).update(
            status=Subscription.Status.PAUSED, status_reason=reason
        )
    log.warning("stream_paused", stream=stream.pk, reason=reason)


def _answer(outcome: Outcome) -> dict[str, Any]:
    """The columns of a Signal that the outcome fills."""
    columns: dict[str, Any] = {
        "log": outcome.log,
        "error": outcome.error,
        "duration_seconds": outcome.duration_seconds,
    }
    action = outcome.action
    if action is None:
        return columns
    columns.update(
        action=action.action,
        price=_decimal(action.price),
        reason=action.reason,
        confidence=action.confidence,
        order_type=action.order_type or "",
        limit_price=_decimal(action.limit_price),
        stop_loss=_decimal(action.stop_loss),
        take_profit=_decimal(action.take_profit),
    )
    return columns


def _with_storable_prices(outcome: Outcome) -> Outcome:
    """A price beyond what any market knows is nonsense like any other."""
    action = outcome.action
    if action is None:
        return outcome
    prices = (action.price, action.limit_price, action.stop_loss, action.take_profit)
    if all(price is None or price < HIGHEST_PRICE for price in prices):
        return outcome
    return replace(
        outcome,
        status=OutcomeStatus.PROTOCOL_ERROR,
        action=None,
        error=f"A price is above {HIGHEST_PRICE:.0e}.",
    )


def _decimal(value: float | None) -> Decimal | None:
    """A bot's float as money: its shortest text, rounded to what a price column holds."""
    return None if value is None else round(Decimal(repr(float(value))), 12)
