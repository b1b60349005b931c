"""Celery tasks: claim, call one service, done. Arguments are ids and names, never secrets.

beat -> candles_closed(timeframe) -> collect_signals(market) -> execute_signal(signal) -> execute_for(subscription)
beat -> track -> track_account(credential), watch_prices(market) -> exit_position(subscription)
"""

from __future__ import annotations

import uuid
from dataclasses import asdict
from datetime import timedelta

import structlog
from celery import Task, shared_task
from django.conf import settings
from django.utils import timezone

from bots.sandbox.types import SandboxUnavailable
from exchanges import services
from exchanges.errors import AuthenticationError, ExchangeError, TransientExchangeError
from exchanges.models import ExchangeCredential
from subscriptions import execution, notices, signals, tracking
from subscriptions.models import Signal, SignalStream

log = structlog.get_logger(__name__)

SUBSCRIPTIONS_PER_TASK = 20
SIGNAL_LOST_AFTER = timedelta(seconds=15)


@shared_task
def candles_closed(timeframe: str) -> None:
    """A candle of this timeframe closed: look at every market in which somebody waits for it."""
    for market in signals.due_markets(timeframe=timeframe):
        collect_signals.apply_async(kwargs=asdict(market), expires=60)


@shared_task(bind=True, max_retries=8)
def collect_signals(self: Task, exchange: str, market_type: str, symbol: str, timeframe: str) -> None:
    """Ask the bots of one market. Retried shortly while the venue does not have the candle yet."""
    market = signals.Market(exchange, market_type, symbol, timeframe)
    try:
        for signal in signals.collect_signals(market=market):
            if signal.calls_for_orders:
                execute_signal.delay(signal.pk)
            if signal.stream.status == SignalStream.Status.PAUSED:
                tell_of_paused_stream.delay(signal.stream_id)
    except TransientExchangeError as error:
        log.info("candles_not_ready", market=asdict(market), error=error.message)
        raise self.retry(countdown=min(10.0, max(0.5, error.retry_after))) from None
    except SandboxUnavailable:
        log.exception("sandbox_unavailable", market=asdict(market))
        raise self.retry(countdown=5) from None


@shared_task
def execute_signal(signal_id: int) -> None:
    """Hand a signal to its subscribers, some at a time. It is handled once all have their decision."""
    signal = Signal.objects.get(pk=signal_id)
    waiting = [str(pk) for pk in execution.subscriptions_of(signal)]
    for start in range(0, len(waiting), SUBSCRIPTIONS_PER_TASK):
        execute_for.delay(signal_id, waiting[start : start + SUBSCRIPTIONS_PER_TASK])
    if not waiting:
        Signal.objects.filter(pk=signal_id).update(handled_at=timezone.now())


@shared_task(bind=True, max_retries=10)
def execute_for(self: Task, signal_id: int, subscription_ids: list[str]) -> None:
    """Act on a signal for some subscriptions. Those that are busy, or whose venue is out of reach, are tried again."""
    signal = Signal.objects.select_related("stream").get(pk=signal_id)
    again = [pk for pk in subscription_ids if not _execute(signal, pk)]
    if again:
        raise self.retry(args=(signal_id, again), countdown=1 + self.request.retries)


def _execute(signal: Signal, subscription_id: str) -> bool:
    """True when it is decided. An error of one subscription's venue must not hold up the others."""
    try:
        with (
            execution.claimed(uuid.UUID(subscription_id)) as subscription,
            execution.open_account(subscription) as exchange,
        ):
            execution.execute_signal(subscription=subscription, signal=signal, exchange=exchange)
    except execution.Busy:
        return False
    except AuthenticationError as error:
        services.pause_credential(credential=_credential_of(subscription_id), reason=error.message)
        return True
    except ExchangeError as error:
        log.warning("signal_delayed", subscription=subscription_id, signal=signal.pk, error=str(error))
        return False
    return True


def _credential_of(subscription_id: str) -> ExchangeCredential:
    return ExchangeCredential.objects.without_secrets().get(subscriptions=uuid.UUID(subscription_id))


@shared_task(autoretry_for=(OSError,), retry_backoff=10, max_retries=6)
def tell_of_paused_stream(stream_id: int) -> None:
    """Mail the author and the subscribers. A mail server that is away is tried again for some minutes."""
    stream = SignalStream.objects.select_related("bot_version__bot__author").get(pk=stream_id)
    notices.tell_of_paused_stream(stream=stream)


@shared_task
def track() -> None:
    """Start what follows orders and exits, and pick up signals whose orders a dead worker left undispatched."""
    interval = settings.TRACKING_INTERVAL_SECONDS
    for credential_id in tracking.accounts_to_track():
        track_account.apply_async(args=(str(credential_id),), expires=interval * 3)
    for exchange, mode, market_type, symbol in tracking.watched_markets():
        watch_prices.apply_async(args=(exchange, mode, market_type, symbol), expires=interval * 3)
    for signal_id in signals.unhandled_signals(older_than=SIGNAL_LOST_AFTER):
        execute_signal.delay(signal_id)


@shared_task
def track_account(credential_id: str) -> None:
    """Follow the orders of one account. A venue that is out of reach is asked again in the next round."""
    try:
        tracking.track_account(credential_id=uuid.UUID(credential_id))
    except AuthenticationError as error:
        credential = ExchangeCredential.objects.without_secrets().get(pk=credential_id)
        services.pause_credential(credential=credential, reason=error.message)
    except ExchangeError as error:
        log.warning("tracking_delayed", credential=credential_id, error=str(error))


@shared_task
def watch_prices(exchange: str, mode: str, market_type: str, symbol: str) -> None:
    """Exit positions in this market whose watched price was reached."""
    try:
        reached = tracking.positions_to_exit(exchange=exchange, mode=mode, market_type=market_type, symbol=symbol)
    except ExchangeError as error:
        log.warning("price_unknown", exchange=exchange, symbol=symbol, error=str(error))
        return
    for subscription_id, leg in reached:
        exit_position.delay(str(subscription_id), leg)


@shared_task(bind=True, max_retries=10)
def exit_position(self: Task, subscription_id: str, leg: str) -> None:
    try:
        tracking.exit_position(subscription_id=uuid.UUID(subscription_id), leg=leg)
    except (execution.Busy, ExchangeError) as error:
        raise self.retry(countdown=1 + self.request.retries) from error
