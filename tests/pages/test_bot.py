"""The page of one bot."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from bots.models import Bot, BotVersion
from subscriptions.models import Subscription
from tests.pages.conftest import add_trades
from tests.pages.test_market import text

Browser = Callable[[User | None], Client]


def test_a_visitor_sees_what_it_is(client: Client, bot: Bot) -> None:
    page = text(client, f"/bots/{bot.pk}")
    for expected in ("Momentum", "by author", "Fast average", "2 to 50", "Wider means rarer.", "ab" * 32):
        assert expected in page
    assert "It answers at every candle of a test market" in page
    assert f"/bots/{bot.pk}/subscribe" in page


def test_evidence_of_checks_and_moderators_reasons_are_for_the_author_and_moderators(
    browser: Browser, bot: Bot, author: User, moderator: User, outsider: User
) -> None:
    for user, sees in ((None, False), (outsider, False), (author, True), (moderator, True)):
        page = text(browser(user), f"/bots/{bot.pk}")
        assert ("secret_file.py" in page) is sees
        assert ("between us" in page) is sees


@pytest.mark.parametrize("status", ["DRAFT", "SUBMITTED", "REJECTED"])
def test_what_is_not_approved_is_seen_by_its_author_and_moderators_only(
    browser: Browser, make_bot: Callable[..., Bot], author: User, moderator: User, outsider: User, status: str
) -> None:
    address = f"/bots/{make_bot(status=status).pk}"
    assert browser(None).get(address).status_code == 404
    assert browser(outsider).get(address).status_code == 404
    for user in (author, moderator):
        page = text(browser(user), address)
        assert "nobody can subscribe" in page
        assert "/subscribe" not in page


def test_drafts_of_an_approved_bot_are_not_listed_for_others(browser: Browser, bot: Bot, author: User) -> None:
    BotVersion.objects.create(bot=bot, number=7, status="DRAFT")
    seen = browser(None).get(f"/bots/{bot.pk}").context["versions"]
    assert [version.number for version in seen] == [1]
    seen = browser(author).get(f"/bots/{bot.pk}").context["versions"]
    assert [version.number for version in seen] == [7, 1]


def test_a_description_is_text_not_markup(client: Client, make_bot: Callable[..., Bot]) -> None:
    bot = make_bot(description="<script>alert(1)</script>", summary='"><img src=x>')
    page = text(client, f"/bots/{bot.pk}")
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_its_record_counts_trades_by_kind_of_money(
    client: Client, bot: Bot, make_subscription: Callable[..., Subscription]
) -> None:
    add_trades(make_subscription(), 2)
    records = client.get(f"/bots/{bot.pk}").context["evidence"].records
    assert records["paper"].trades == 2
    assert records["live"].trades == 0


@pytest.mark.parametrize("address", ["/bots/0198c1c8-0000-7000-8000-000000000000", "/bots/not-a-uuid"])
def test_an_unknown_bot_is_not_found(client: Client, db: object, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


def test_a_bot_whose_class_says_nothing_still_has_a_page(client: Client, bot: Bot) -> None:
    BotVersion.objects.filter(bot=bot).update(config_schema={}, default_config={}, content_hash="cd" * 32)
    page = text(client, f"/bots/{bot.pk}")
    assert "no parameters to set" in page
    assert "No passed report" in page
