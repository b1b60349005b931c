"""What the rest of the product does with exchanges: open adapters, keep credentials, know instruments."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, QuerySet
from django.utils import timezone

from exchanges import base
from exchanges.adapters.paper import PaperExchange
from exchanges.base import BaseExchange, KeyPermissions
from exchanges.errors import (
    AuthenticationError,
    InvalidRequest,
    NotSupported,
    TransientExchangeError,
)
from exchanges.factory import ExchangeFactory
from exchanges.fields import Secret
from exchanges.keys import ApiKey, key_market_type, wrong_key
from exchanges.models import ExchangeCredential, Instrument, MarketType, Mode, Network

INSTRUMENTS_MAX_AGE = timedelta(days=1)
CHECK_FIELDS = ["last_checked_at", "last_check_error", "is_paused", "paused_reason"]
SYMBOL = re.compile(r"[A-Z0-9]{1,20}/[A-Z0-9]{1,20}(:[A-Z0-9]{1,20})?")


# --- adapters: the one place that decides what talks to a venue
def open_exchange(
    *,
    credential: ExchangeCredential,
    market_type: str = MarketType.SPOT,
    margin_mode: str = "",
    leverage: int = 1,
) -> BaseExchange:
    """The adapter of an account, paper or not. Close it, or use it in a `with`.

    `margin_mode` (cross if empty) and `leverage` are for positions on margin and futures.
    """
    options: dict[str, Any] = {"margin_mode": base.MarginMode(margin_mode or "cross"), "leverage": leverage}
    if credential.is_paper:
        venue = open_public_exchange(exchange=credential.exchange, market_type=market_type)
        return PaperExchange(venue, credential.pk, **options)
    adapter = ExchangeFactory.get_adapter(credential.exchange)
    if credential.market_type != key_market_type(adapter, market_type):
        raise InvalidRequest(wrong_key(adapter, market_type), field="credential_id", exchange=adapter.name)
    return _with_stored_instruments(
        ExchangeFactory.create_exchange(
            credential.exchange,
            credential.api_key.reveal(),
            credential.api_secret.reveal(),
            testnet=credential.mode == Mode.TESTNET,
            market_type=base.MarketType(market_type),
            passphrase=credential.passphrase.reveal(),
            **options,
        )
    )


def open_public_exchange(*, exchange: str, market_type: str = MarketType.SPOT) -> BaseExchange:
    """The live network without keys: prices, candles, instruments."""
    return _with_stored_instruments(
        ExchangeFactory.create_exchange(exchange, testnet=False, market_type=base.MarketType(market_type))
    )


def _with_stored_instruments(exchange: BaseExchange) -> BaseExchange:
    def look_up(symbol: str) -> base.Instrument | None:
        row = Instrument.objects.filter(
            exchange=exchange.name,
            network=exchange.network,
            market_type=exchange.market_type,
            symbol=symbol,
            updated_at__gt=timezone.now() - INSTRUMENTS_MAX_AGE,
        ).first()
        return row.rules() if row else None

    exchange.instrument_lookup = look_up
    return exchange


# How far back funding is added up for a position: venues do not say when it was opened.
FUNDING_SHOWN = timedelta(days=7)


def describe_positions(*, exchange: BaseExchange) -> list[dict[str, Any]]:
    """The open positions of an account with what they paid and received, for showing them."""
    found = exchange.get_positions()
    since = exchange.get_server_time() - FUNDING_SHOWN if found else None
    described = []
    for position in found:
        rules = exchange.instrument(position.symbol)
        asset = rules.settle or rules.quote
        funding = None
        try:
            if since is not None:
                payments = exchange.get_funding_payments(position.symbol, since=since)
                funding = sum((payment.amount for payment in payments if payment.asset == asset), base.ZERO)
        except NotSupported:
            pass
        described.append(
            {
                **{name: getattr(position, name) for name in POSITION_FIELDS},
                "funding": funding,
                "funding_since": since if funding is not None else None,
                "asset": asset,
            }
        )
    return described


POSITION_FIELDS = (
    "symbol",
    "side",
    "quantity",
    "entry_price",
    "mark_price",
    "leverage",
    "margin_mode",
    "liquidation_price",
    "unrealised_pnl",
)


# --- credentials
def validate_keys(
    *,
    exchange: str,
    api_key: Secret | str,
    api_secret: Secret | str,
    testnet: bool,
    passphrase: Secret | str = "",
    market_type: str = "",
) -> KeyPermissions:
    """Ask the venue what a key may do. AuthenticationError if it does not accept it, InvalidRequest if we do not."""
    return ApiKey.of(
        exchange=exchange,
        api_key=api_key,
        api_secret=api_secret,
        testnet=testnet,
        passphrase=passphrase,
        market_type=market_type,
    ).validate()


def save_credential(
    *,
    user: Any,
    exchange: str,
    mode: str,
    label: str = "default",
    api_key: Secret | str = "",
    api_secret: Secret | str = "",
    passphrase: Secret | str = "",
    market_type: str = "",
) -> ExchangeCredential:
    """Keep an account, after the venue has accepted its key. A paper account has no key and asks nobody."""
    name = ExchangeFactory.get_adapter(exchange).name
    mode = Mode(mode)
    parts = {"api_key": Secret.of(api_key), "api_secret": Secret.of(api_secret), "passphrase": Secret.of(passphrase)}
    if mode != Mode.PAPER:
        key = ApiKey.of(exchange=name, testnet=mode == Mode.TESTNET, market_type=market_type, **parts)
        market_type = key.market_type
        _refuse_taken_label(user, name, mode, market_type, label)
        key.validate()
    else:
        for field, value in {**parts, "market_type": market_type}.items():
            if value:
                raise InvalidRequest("A paper account has no key, and is for all account types.", field=field)
    try:
        with transaction.atomic():
            return ExchangeCredential.objects.create(
                user=user,
                exchange=name,
                mode=mode,
                market_type=market_type or "",
                label=label,
                api_key_hint=parts["api_key"].hint,
                last_checked_at=timezone.now(),
                **parts,
            )
    except IntegrityError:
        _refuse_taken_label(user, name, mode, market_type, label)
        raise


def _refuse_taken_label(user: Any, exchange: str, mode: str, market_type: str, label: str) -> None:
    taken = ExchangeCredential.objects.filter(
        user=user, exchange=exchange, mode=mode, market_type=market_type or "", label=label
    )
    if taken.exists():
        raise InvalidRequest(
            f"You have a {exchange} {mode} account called “{label}” already.",
            field="label",
            code="label_taken",
        )


def check_credential(*, credential: ExchangeCredential) -> ExchangeCredential:
    """Ask the venue again. The outcome is recorded; only an unreachable venue raises, and changes nothing."""
    if not credential.is_paper:
        problem = ""
        try:
            validate_keys(
                exchange=credential.exchange,
                api_key=credential.api_key,
                api_secret=credential.api_secret,
                testnet=credential.mode == Mode.TESTNET,
                passphrase=credential.passphrase,
                market_type=credential.market_type,
            )
        except (AuthenticationError, InvalidRequest) as error:
            problem = error.message[:300]
        credential.last_check_error = problem
        credential.is_paused = bool(problem)
        credential.paused_reason = problem
    credential.last_checked_at = timezone.now()
    credential.save(update_fields=CHECK_FIELDS)
    return credential


def pause_credential(*, credential: ExchangeCredential, reason: str) -> None:
    """The venue refused it: nothing may use it until `check_credential` finds it good again."""
    credential.is_paused = True
    credential.paused_reason = credential.last_check_error = reason[:300]
    credential.last_checked_at = timezone.now()
    credential.save(update_fields=CHECK_FIELDS)


def delete_credential(*, credential: ExchangeCredential) -> None:
    try:
        ExchangeCredential.objects.without_secrets().filter(pk=credential.pk).delete()
    except ProtectedError:
        raise InvalidRequest(
            "Something still uses this account. Stop and remove its subscriptions first.",
            field="credential_id",
            code="in_use",
        ) from None


def default_credential(
    *, user: Any, exchange: str, mode: str, market_type: str = MarketType.SPOT
) -> ExchangeCredential:
    """The account to use where the user named none: the newest. A paper account is made on the spot."""
    adapter = ExchangeFactory.get_adapter(exchange)
    mine = ExchangeCredential.objects.filter(user=user, exchange=adapter.name, mode=mode)
    if mode == Mode.PAPER:
        found = mine.order_by("is_paused", "-created_at").first()
        defaults = {"user": user, "exchange": adapter.name, "mode": mode}
        return found or mine.get_or_create(label="default", defaults=defaults)[0]
    needed = key_market_type(adapter, market_type)
    found = mine.filter(market_type=needed).order_by("is_paused", "-created_at").first()
    if found is not None:
        return found
    if mine.exists():
        raise InvalidRequest(wrong_key(adapter, market_type), field="credential_id", code="no_credential")
    own = f", made there for {needed} and added with market_type “{needed}”," if needed else ""
    raise InvalidRequest(
        f"You have no {adapter.name} {mode} account yet. Add its API key{own} first, or choose paper trading.",
        field="credential_id",
        code="no_credential",
        exchange=adapter.name,
    )


def main_credential(*, user: Any, exchange: str, market_type: str = MarketType.SPOT) -> ExchangeCredential:
    """The account to show where the user named none: the newest with a key, else the paper account."""
    adapter = ExchangeFactory.get_adapter(exchange)
    with_key = ExchangeCredential.objects.filter(
        user=user, exchange=adapter.name, market_type=key_market_type(adapter, market_type)
    ).exclude(mode=Mode.PAPER)
    found = with_key.order_by("is_paused", "-created_at").first()
    return found or default_credential(user=user, exchange=adapter.name, mode=Mode.PAPER)


def get_credential(
    *,
    user: Any,
    credential_id: str | UUID,
    exchange: str,
    mode: str | None = None,
    market_type: str = MarketType.SPOT,
) -> ExchangeCredential:
    """The user's own account of that id, of that exchange and mode, with a key for that account type.

    Somebody else's does not exist.
    """
    try:
        found = ExchangeCredential.objects.filter(user=user, pk=UUID(str(credential_id))).first()
    except ValueError:
        found = None
    if found is None:
        raise InvalidRequest("You have no such account.", field="credential_id", code="no_credential")
    require_fitting(credential=found, exchange=exchange, mode=mode, market_type=market_type)
    return found


def require_fitting(*, credential: ExchangeCredential, exchange: str, mode: str | None, market_type: str) -> None:
    """Refuse an account of another exchange or mode, or whose key is for another account type."""
    adapter = ExchangeFactory.get_adapter(exchange)
    if credential.exchange != adapter.name or (mode is not None and credential.mode != mode):
        raise InvalidRequest(
            f"That is an account for {credential.exchange} {credential.mode}, not for {adapter.name} {mode or ''}.",
            field="credential_id",
        )
    if not credential.is_paper and credential.market_type != key_market_type(adapter, market_type):
        raise InvalidRequest(wrong_key(adapter, market_type), field="credential_id")


# --- instruments
def get_instrument(
    *, exchange: str, market_type: str = MarketType.SPOT, symbol: str, network: str = Network.LIVE
) -> Instrument:
    """The stored rules of a symbol, read from the venue when they are missing or older than a day.

    If the venue cannot be reached, old rules are better than none.
    """
    name = ExchangeFactory.get_adapter(exchange).name
    if not SYMBOL.fullmatch(symbol):
        raise InvalidRequest(
            f"“{symbol[:40]}” is no trading pair; write BTC/USDT.",
            field="trading_pair",
            code="invalid_symbol",
        )
    rows = Instrument.objects.filter(exchange=name, market_type=market_type, network=network)
    row = rows.filter(symbol=symbol).first()
    if row is not None and row.is_fresh(timezone.now(), INSTRUMENTS_MAX_AGE):
        return row
    try:
        if row is not None or not _list_is_fresh(rows):
            refresh_instruments(exchange=name, market_type=market_type, network=network)
            row = rows.filter(symbol=symbol).first()
    except TransientExchangeError:
        if row is None:
            raise
    if row is None:
        raise InvalidRequest(
            f"{ExchangeFactory.get_adapter(name).title} does not trade {symbol} ({market_type}).",
            field="trading_pair",
            code="unknown_symbol",
            exchange=name,
        )
    return row


def _list_is_fresh(rows: QuerySet[Instrument]) -> bool:
    """A symbol that is not in a list read a moment ago is unknown: guesses shall not cost a request each."""
    return rows.filter(updated_at__gt=timezone.now() - timedelta(minutes=1)).exists()


def list_instruments(*, exchange: str, market_type: str = MarketType.SPOT, search: str = "") -> QuerySet[Instrument]:
    """What trades on the live network now, read from the venue if nothing is stored yet."""
    name = ExchangeFactory.get_adapter(exchange).name
    rows = Instrument.objects.filter(exchange=name, network=Network.LIVE, market_type=market_type)
    if not rows.exists():
        refresh_instruments(exchange=name, market_type=market_type)
    return rows.filter(is_trading=True, symbol__istartswith=search.strip()[:40])


def refresh_instruments(*, exchange: str, market_type: str = MarketType.SPOT, network: str = Network.LIVE) -> int:
    """Read the venue's list. What it does not name any more is kept, but not trading."""
    kind = base.MarketType(market_type)
    with ExchangeFactory.create_exchange(exchange, testnet=network == Network.TESTNET, market_type=kind) as adapter:
        listed = adapter.get_instruments()
    now = timezone.now()
    rows = [
        Instrument(
            exchange=adapter.name,
            network=network,
            market_type=kind,
            symbol=rules.symbol,
            venue_symbol=rules.venue_symbol,
            base=rules.base,
            quote=rules.quote,
            tick_size=rules.tick_size,
            lot_step=rules.lot_step,
            min_quantity=rules.min_quantity,
            max_quantity=rules.max_quantity,
            min_notional=rules.min_notional,
            is_trading=rules.is_trading,
            order_types=",".join(rules.order_types),
            max_leverage=rules.max_leverage,
            settle=rules.settle,
            updated_at=now,
        )
        for rules in listed
    ]
    key = ["exchange", "network", "market_type", "symbol"]
    values = [field.name for field in Instrument._meta.concrete_fields if field.name not in ("id", *key)]
    with transaction.atomic():
        Instrument.objects.bulk_create(rows, update_conflicts=True, unique_fields=key, update_fields=values)
        Instrument.objects.filter(exchange=adapter.name, network=network, market_type=kind, updated_at__lt=now).update(
            is_trading=False, updated_at=now
        )
    return len(rows)
