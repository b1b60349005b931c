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
from exchanges.base import ExchangeCapabilities, MarginMode, MarketType, OrderType
from exchanges.factory import ExchangeFactory
from exchanges.models import ExchangeCredential, Instrument, Mode
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
    leverage: int = 1,
    margin_mode: str = "",
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
    capabilities = _capabilities(exchange_type, market_type)
    if mode == Mode.TESTNET and not capabilities.testnet:
        raise SubscriptionError(
            f"{ExchangeFactory.get_adapter(exchange_type).title} has no test network for {market_type} here: choose "
            "paper or live.",
            field="mode",
        )
    margin_mode = _check_margin_mode(capabilities, market_type, margin_mode)
    if timeframe not in capabilities.timeframes:
        raise SubscriptionError(
            f"“{timeframe}” is not supported; choose one of {', '.join(capabilities.timeframes)}.", field="timeframe"
        )
    check_strategy_config(version, strategy_config)
    credential = _check_credential(user, exchange_type, mode, market_type, credential)
    instrument = services.get_instrument(
        exchange=exchange_type, market_type=market_type, symbol=trading_pair, network=credential.network
    )
    if not instrument.is_trading:
        raise SubscriptionError(f"{trading_pair} is not trading at the venue now.", field="trading_pair")
    _check_leverage(instrument, leverage)
    if allocated_capital * leverage < instrument.min_notional:
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
        leverage=leverage,
        margin_mode=margin_mode,
        order_type=order_type,
        allocated_capital=allocated_capital,
        risk_config=risk_config,
    )


def _capabilities(exchange: str, market_type: str) -> ExchangeCapabilities:
    """Of that account type of the exchange."""
    capabilities = ExchangeFactory.get_exchange_capabilities(exchange, MarketType(market_type))
    if not capabilities.supports(MarketType(market_type)):
        title = ExchangeFactory.get_adapter(exchange).title or exchange
        raise SubscriptionError(f"{title} has no {market_type} trading here.", field="execution_config.market_type")
    return capabilities


def _check_margin_mode(capabilities: ExchangeCapabilities, market_type: str, margin_mode: str) -> str:
    """The one that was chosen, or the first that the venue has. Spot has none."""
    field = "execution_config.margin_mode"
    if market_type == MarketType.SPOT:
        if margin_mode:
            raise SubscriptionError(
                "Spot has no margin mode: leave it out, or trade on margin or futures.", field=field
            )
        return ""
    known = [str(mode) for mode in capabilities.margin_modes] or [str(MarginMode.CROSS)]
    if margin_mode and margin_mode not in known:
        raise SubscriptionError(f"The margin mode on {market_type} is {' or '.join(known)} here.", field=field)
    return margin_mode or known[0]


def _check_leverage(instrument: Instrument, leverage: int) -> None:
    if leverage == 1:
        return
    field = "execution_config.leverage"
    if instrument.market_type == MarketType.SPOT:
        raise SubscriptionError("Spot has no leverage: leave it at 1, or trade on margin or futures.", field=field)
    if not 1 <= leverage <= instrument.max_leverage:
        raise SubscriptionError(
            f"{instrument.symbol} ({instrument.market_type}) allows a leverage from 1 to {instrument.max_leverage}.",
            field=field,
        )


def check_strategy_config(version: BotVersion, strategy_config: dict[str, Any]) -> None:
    """The subscriber's parameters, laid over the bot's defaults, must fit the bot's schema."""
    problems = config_problems(version.config_schema, {**version.default_config, **strategy_config})
    if problems:
        field, sentence = problems[0]
        raise SubscriptionError(sentence, field=".".join(part for part in ("strategy_config", field) if part))


def _check_credential(
    user: User, exchange: str, mode: str, market_type: str, credential: ExchangeCredential | None
) -> ExchangeCredential:
    if credential is None:
        return services.default_credential(user=user, exchange=exchange, mode=mode, market_type=market_type)
    if credential.user_id != user.pk:
        raise SubscriptionError("There is no such credential among yours.", field="credential_id")
    services.require_fitting(credential=credential, exchange=exchange, mode=mode, market_type=market_type)
    return credential


def start_subscription(*, subscription: Subscription, actor: User) -> Subscription:
    """Run it from the next candle on. Joins the stream that asks the same question, or makes it."""
    _require_owner(subscription, actor)
    if subscription.bot_version.status != BotVersion.Status.APPROVED:
        raise InvalidTransition("This version of the bot is not approved any more.")
    if subscription.credential.is_paused:
        raise InvalidTransition(f"Its exchange credential is paused: {subscription.credential.paused_reason}")
    _refuse_other_leverage(subscription)
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


def _refuse_other_leverage(subscription: Subscription) -> None:
    """An account holds one position of a symbol, with one leverage and margin mode: all who share it must agree."""
    if not subscription.is_leveraged:
        return
    sharers = Subscription.objects.filter(
        credential=subscription.credential,
        market_type=subscription.market_type,
        symbol=subscription.symbol,
        status__in=Subscription.ACTIVE,
    ).exclude(pk=subscription.pk)
    if subscription.market_type == MarketType.MARGIN:  # cross and isolated margin are accounts of their own
        sharers = sharers.filter(margin_mode=subscription.margin_mode)
    other = sharers.exclude(leverage=subscription.leverage, margin_mode=subscription.margin_mode).first()
    if other is not None:
        raise InvalidTransition(
            f"“{other.instance_name}” trades {other.symbol} on the same account with a leverage of {other.leverage} "
            f"({other.margin_mode}). The venue holds one position for both: use the same, or another account."
        )


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
