"""Create, start, pause and stop subscriptions: the only code that changes their status on a person's word.

CREATED --start--> RUNNING <--start/pause--> PAUSED
                      \\--stop--> STOPPING --(tracking confirms)--> STOPPED --start--> RUNNING
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from bots.models import Bot, BotVersion
from bots.validation.config_schema import config_problems
from exchanges import services
from exchanges.base import MarketType, OrderType
from exchanges.factory import ExchangeFactory
from exchanges.models import ExchangeCredential, Mode
from subscriptions.errors import InvalidTransition, SubscriptionError
from subscriptions.models import Order, Position, SignalStream, Subscription, config_hash

Status = Subscription.Status


def create_subscription(
    *,
    user: User,
    bot: Bot,
    instance_name: str,
    exchange_type: str,
    trading_pair: str,
    timeframe: str,
    strategy_config: dict[str, Any],
    risk_config: dict[str, Any],
    allocated_capital: Decimal,
    market_type: str = MarketType.SPOT,
    order_type: str = OrderType.MARKET,
    mode: str = Mode.PAPER,
    credential: ExchangeCredential | None = None,
) -> Subscription:
    """A subscription, not started yet. Raises SubscriptionError or ExchangeError naming the wrong field."""
    version = bot.approved_version
    if version is None:
        raise SubscriptionError("This bot has no approved version to subscribe to.", field="bot_id")
    if Subscription.objects.filter(user=user, instance_name=instance_name).exists():
        raise SubscriptionError(f"You already have a subscription named “{instance_name}”.", field="instance_name")
    adapter = ExchangeFactory.get_adapter(exchange_type)
    capabilities = ExchangeFactory.get_exchange_capabilities(exchange_type)
    if not capabilities.supports(MarketType(market_type)):
        raise SubscriptionError(
            f"{adapter.title or exchange_type} has no {market_type} trading here.", field="execution_config.market_type"
        )
    if timeframe not in capabilities.timeframes:
        raise SubscriptionError(
            f"“{timeframe}” is not supported; choose one of {', '.join(capabilities.timeframes)}.", field="timeframe"
        )
    check_strategy_config(version, strategy_config)
    credential = _check_credential(user, exchange_type, mode, credential)
    instrument = services.get_instrument(
        exchange=exchange_type, market_type=market_type, symbol=trading_pair, network=credential.network
    )
    if not instrument.is_trading:
        raise SubscriptionError(f"{trading_pair} is not trading at the venue now.", field="trading_pair")
    if allocated_capital < instrument.min_notional:
        raise SubscriptionError(
            f"{allocated_capital:f} {instrument.quote} cannot trade {trading_pair}: the smallest order is "
            f"{instrument.min_notional.normalize():f} {instrument.quote}.",
            field="execution_config.allocated_capital",
        )
    return Subscription.objects.create(
        user=user,
        instance_name=instance_name,
        bot_version=version,
        exchange=exchange_type,
        mode=mode,
        credential=credential,
        symbol=trading_pair,
        timeframe=timeframe,
        strategy_config=strategy_config,
        market_type=market_type,
        order_type=order_type,
        allocated_capital=allocated_capital,
        risk_config=risk_config,
    )


def check_strategy_config(version: BotVersion, strategy_config: dict[str, Any]) -> None:
    """The subscriber's parameters, laid over the bot's defaults, must fit the bot's schema."""
    problems = config_problems(version.config_schema, {**version.default_config, **strategy_config})
    if problems:
        field, sentence = problems[0]
        raise SubscriptionError(sentence, field=".".join(part for part in ("strategy_config", field) if part))


def _check_credential(
    user: User, exchange: str, mode: str, credential: ExchangeCredential | None
) -> ExchangeCredential:
    if credential is None:
        return services.default_credential(user=user, exchange=exchange, mode=mode)
    if credential.user_id != user.pk:
        raise SubscriptionError("There is no such credential among yours.", field="credential_id")
    if credential.exchange != exchange or credential.mode != mode:
        raise SubscriptionError(
            f"That credential is for {credential.exchange} {credential.mode}, not {exchange} {mode}.",
            field="credential_id",
        )
    return credential


def start_subscription(*, subscription: Subscription, actor: User) -> Subscription:
    """Run it from the next candle on. Joins the stream that asks the same question, or makes it."""
    _require_owner(subscription, actor)
    if subscription.bot_version.status != BotVersion.Status.APPROVED:
        raise InvalidTransition("This version of the bot is not approved any more.")
    if subscription.credential.is_paused:
        raise InvalidTransition(f"Its exchange credential is paused: {subscription.credential.paused_reason}")
    parameters = {**subscription.bot_version.default_config, **subscription.strategy_config}
    with transaction.atomic():
        stream, _ = SignalStream.objects.get_or_create(
            bot_version_id=subscription.bot_version_id,
            exchange=subscription.exchange,
            market_type=subscription.market_type,
            symbol=subscription.symbol,
            timeframe=subscription.timeframe,
            config_hash=config_hash(parameters),
            defaults={"strategy_config": parameters},
        )
        if stream.status == SignalStream.Status.PAUSED:
            raise InvalidTransition(f"The bot is paused on this market: {stream.paused_reason}")
        _move(
            subscription,
            {Status.CREATED, Status.PAUSED, Status.STOPPED},
            Status.RUNNING,
            stream=stream,
            started_at=timezone.now(),
            status_reason="",
            flatten_on_stop=False,
        )
    return subscription


def pause_subscription(*, subscription: Subscription, actor: User, reason: str = "") -> Subscription:
    """No new entries. Exits stay in place and are carried out."""
    _require_owner(subscription, actor)
    return _move(subscription, {Status.RUNNING}, Status.PAUSED, status_reason=reason or "paused by you")


def stop_subscription(*, subscription: Subscription, actor: User, flatten: bool = False) -> Subscription:
    """Cancel its orders and, if asked, sell what it holds. STOPPED at once if there is nothing to do, else STOPPING."""
    _require_owner(subscription, actor)
    idle = not (
        Order.objects.filter(subscription=subscription, status__in=Order.WORKING).exists()
        or Position.objects.filter(subscription=subscription, opened_at__isnull=False).exists()
    )
    # Even an idle one goes through STOPPING while it runs: a signal may be on its way to an order this very moment.
    target = Status.STOPPED if idle and subscription.status in (Status.CREATED, Status.PAUSED) else Status.STOPPING
    return _move(
        subscription,
        {Status.CREATED, Status.RUNNING, Status.PAUSED, Status.STOPPING},
        target,
        flatten_on_stop=flatten,
        status_reason="",
    )


def _move(subscription: Subscription, sources: set[str], target: str, **changes: Any) -> Subscription:
    """Change the status by one conditional UPDATE, so that of two requests one wins."""
    moved = Subscription.objects.filter(pk=subscription.pk, status__in=sources).update(status=target, **changes)
    if not moved:
        subscription.refresh_from_db(fields=["status"])
        raise InvalidTransition(
            f"“{subscription.instance_name}” is {subscription.get_status_display().lower()}: that cannot be done now."
        )
    subscription.refresh_from_db()
    return subscription


def _require_owner(subscription: Subscription, actor: User) -> None:
    if subscription.user_id != actor.pk:
        raise SubscriptionError("Only its owner may do this.")
