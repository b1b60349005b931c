"""One bot, the same signals, on every account type: what we recorded is what the venue's own books say."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from celery.exceptions import Retry
from celery.signals import task_prerun
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from bots.models import Bot
from exchanges.base import MarketType
from exchanges.models import ExchangeCredential, PaperFill, PaperOrder
from subscriptions import tasks
from subscriptions.models import Decision, Fill, Order, Position, Signal, Trade
from tests.contracts.conftest import LEVERAGE, Account
from tests.factories import approved_bot

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("eager_tasks")]

SCRIPT = "BHSBSH"
CAPITAL = Decimal(5000)
ROUNDING = Decimal("0.00000001")


@pytest.fixture
def bot(author: User, moderator: User) -> Bot:
    return approved_bot(author, moderator)


def subscribe(client: APIClient, account: Account, bot: Bot) -> str:
    execution: dict[str, Any] = {
        "market_type": str(account.kind.market_type),
        "order_type": "MARKET",
        "allocated_capital": str(CAPITAL),
    }
    if account.kind.margin_mode is not None:
        execution |= {"leverage": LEVERAGE, "margin_mode": str(account.kind.margin_mode)}
    credential = ExchangeCredential.objects.get()
    body = {
        "instance_name": "Everywhere",
        "bot_id": str(bot.pk),
        "exchange_type": account.kind.exchange,
        "trading_pair": account.symbol,
        "timeframe": "1m",
        "mode": credential.mode,
        "credential_id": str(credential.pk),
        "strategy_config": {"script": SCRIPT},
        "execution_config": execution,
        "risk_config": {"position_size_pct": "80", "stop_loss_pct": "5"},
    }
    created = client.post("/api/subscriptions/", body, format="json")
    assert created.status_code == 201, created.content
    pk: str = created.json()["id"]
    started = client.post(f"/api/subscriptions/{pk}/start/")
    assert started.status_code == 200, started.content
    return pk


def test_the_same_signals_trade_the_same_way(
    account: Account, bot: Bot, api: Callable[[User], APIClient], subscriber: User
) -> None:
    money = {asset: account.net(asset) for asset in (account.money, account.rules.base)}
    subscription = subscribe(api(subscriber), account, bot)

    for _ in SCRIPT:
        account.face.advance(minutes=1)
        tasks.candles_closed("1m")
        tasks.track()

    cache.clear()  # funding is asked about every five minutes of ours, and the test took a moment
    tasks.track()

    said = list(Signal.objects.order_by("candle_open_time").values_list("action", flat=True))
    assert said == [{"B": "BUY", "H": "HOLD", "S": "SELL"}[letter] for letter in SCRIPT]
    assert set(Decision.objects.values_list("outcome", flat=True)) == {"EXECUTED"}
    assert Trade.objects.filter(subscription=subscription).count() == 2
    assert not Position.objects.get(subscription=subscription).is_open
    legs = Order.objects.filter(subscription=subscription).order_by("created_at").values_list("leg", "status")
    if account.exchange.capabilities.stop_loss_orders:
        assert list(legs) == [("ENTRY", "FILLED"), ("STOP_LOSS", "CANCELED"), ("EXIT", "FILLED")] * 2
    else:
        assert list(legs) == [("ENTRY", "FILLED"), ("EXIT", "FILLED")] * 2

    assert recorded(subscription) == ledger(account)
    earned = sum((trade.pnl for trade in Trade.objects.filter(subscription=subscription)), Decimal(0))
    price = account.face.price()
    left = account.net(account.rules.base) - money[account.rules.base] if account.money != account.rules.base else 0
    changed = account.net(account.money) - money[account.money]
    # Venues round each amount of money that they book; where price times quantity has no more digits, nothing is lost.
    is_exact = (
        account.kind.market_type is MarketType.SPOT and account.rules.lot_step * account.rules.tick_size >= ROUNDING
    )
    assert abs(changed - earned) <= (0 if is_exact else ROUNDING * 2 * Fill.objects.count())
    # What is left of the coin is less than a lot, and its cost belongs to the trade that left it.
    assert 0 <= left * price < account.rules.lot_step * price


def recorded(subscription: str) -> set[tuple[Any, ...]]:
    rows = Fill.objects.filter(order__subscription=subscription).select_related("order")
    return {
        (fill.order.client_order_id, fill.order.side, fill.price, fill.quantity, fill.fee, fill.fee_asset)
        for fill in rows
    }


def ledger(account: Account) -> set[tuple[Any, ...]]:
    """The venue's fills, from its own books and not through the adapter."""
    if account.kind.is_paper:
        rows = PaperFill.objects.select_related("order")
        assert PaperOrder.objects.exists()
        return {
            (row.order.client_order_id, row.order.side, row.price, row.quantity, row.fee, row.fee_asset) for row in rows
        }
    return account.face.ledger(account.kind.market_type, account.kind.margin_mode)


def test_a_whole_run_writes_no_secret_anywhere(
    account: Account,
    bot: Bot,
    api: Callable[[User], APIClient],
    subscriber: User,
    admin_client: Client,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Logs at DEBUG, what every task was given, the database, pages of the admin and of the API; errors among it."""
    if account.kind.is_paper:
        pytest.skip("a paper account has no secret")
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr("exchanges.calls.time.sleep", lambda seconds: None)
    written: list[str] = []

    def note_arguments(sender: Any, args: Any, kwargs: Any, **_more: Any) -> None:
        written.append(f"{sender.name} {args!r} {kwargs!r}")

    task_prerun.connect(note_arguments)
    try:
        client = api(subscriber)
        subscription = subscribe(client, account, bot)
        for operation, kind in (("balances", "server_error"), ("submit", "reply_lost"), ("fills", "malformed")):
            account.face.fault(account.kind.market_type, operation, kind, count=5)
            account.face.advance(minutes=1)
            try:
                tasks.candles_closed("1m")
            except Retry:  # a worker would try again in a second
                written.append(traceback.format_exc())
            tasks.track()
    finally:
        task_prerun.disconnect(note_arguments)
    assert any("execute_for" in line for line in written)

    pages = [
        "/admin/exchanges/exchangecredential/",
        "/admin/subscriptions/subscription/",
        "/admin/subscriptions/order/",
    ]
    pages.append(f"/admin/exchanges/exchangecredential/{ExchangeCredential.objects.get().pk}/change/")
    written += [admin_client.get(page, follow=True).content.decode() for page in pages]
    written += [
        client.get(path).content.decode()
        for path in ("/api/exchanges/credentials", f"/api/subscriptions/{subscription}", "/api/subscriptions/")
    ]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            written.append(repr(cursor.fetchall()))
    everything = "\n".join([caplog.text, *written])
    for secret in (account.key.api_key, account.key.api_secret, account.key.passphrase):
        # Of a key in PEM each line counts.
        for part in secret.replace("\\n", "\n").split("\n"):
            assert len(part) < 12 or part.startswith("-----") or part not in everything
