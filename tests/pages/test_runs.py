"""The page where a bot runs: for its author and moderators."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from bots.models import Bot, BotVersion
from subscriptions.models import Signal, SignalStream

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot(author: User) -> Bot:
    bot = Bot.objects.create(author=author, name="Fragile", bot_type="TECHNICAL")
    version = BotVersion.objects.create(bot=bot, number=1, status="APPROVED", content_hash="0" * 64)
    stream = SignalStream.objects.create(
        bot_version=version, exchange="BINANCE", market_type="spot", symbol="BTC/USDT", timeframe="1m", config_hash="0"
    )
    for minute, outcome in enumerate(("OK", "RUNTIME_ERROR")):
        Signal.objects.create(
            stream=stream,
            candle_open_time=datetime(2026, 1, 1, 0, minute, tzinfo=UTC),
            outcome=outcome,
            action="BUY" if outcome == "OK" else "",
            reason="a good moment" if outcome == "OK" else "",
            error="" if outcome == "OK" else "<b>ZeroDivisionError</b>",
            log="looked at <script>",
        )
    return bot


def page(client: Client, bot: Bot, user: User | None, query: str = "") -> tuple[int, str]:
    if user:
        client.force_login(user)
    answer = client.get(reverse("subscriptions:runs", args=[bot.pk]) + query)
    return answer.status_code, answer.content.decode()


def test_the_author_sees_answers_errors_log_and_limits(client: Client, author: User, bot: Bot) -> None:
    status, text = page(client, bot, author)
    assert status == 200
    for piece in ("BTC/USDT 1m", "a good moment", "Raised an error", "wall_seconds", "5 failures in a row"):
        assert piece in text


def test_what_a_bot_printed_cannot_become_markup(client: Client, author: User, bot: Bot) -> None:
    _, text = page(client, bot, author)
    assert "<script>" not in text.replace("<script src", "")
    assert "&lt;b&gt;ZeroDivisionError" in text


def test_only_failures_can_be_shown(client: Client, moderator: User, bot: Bot) -> None:
    _, text = page(client, bot, moderator, "?show=failures")
    assert "ZeroDivisionError" in text
    assert "a good moment" not in text


def test_nobody_else_sees_it(client: Client, subscriber: User, bot: Bot) -> None:
    assert page(client, bot, subscriber)[0] == 404
    client.logout()
    assert page(client, bot, None)[0] == 302


def test_empty_says_what_will_stand_there(client: Client, author: User) -> None:
    bot = Bot.objects.create(author=author, name="New", bot_type="TECHNICAL")
    status, text = page(client, bot, author)
    assert status == 200
    assert "Nobody has started it yet" in text
