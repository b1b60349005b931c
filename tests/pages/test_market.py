"""The market: what can be found in it, and what it says about a bot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bots.models import Bot, BotVersion
from subscriptions.models import Subscription
from tests.pages.conftest import add_trades


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def names(client: Client, address: str) -> list[str]:
    return [bot.name for bot, _evidence in client.get(address).context["cards"]]


def test_an_empty_market_says_what_to_do(client: Client, db: Any) -> None:
    page = text(client, "/")
    assert "No bots yet" in page
    assert "/api/docs" in page


def test_only_bots_with_an_approved_version_are_shown(client: Client, make_bot: Callable[..., Bot]) -> None:
    make_bot("Approved")
    for status in ("DRAFT", "SUBMITTED", "REJECTED", "SUSPENDED"):
        make_bot(f"Is {status}", status=status)
    assert names(client, "/") == ["Approved"]


def test_a_card_shows_name_author_type_summary_and_version(client: Client, make_bot: Callable[..., Bot]) -> None:
    bot = make_bot("Ridge", bot_type="ML", summary="Reads <candles>.")
    BotVersion.objects.create(bot=bot, number=2, status="APPROVED")
    page = text(client, "/")
    for expected in ("Ridge", "by author, version 2", "Machine learning", "Reads &lt;candles&gt;.", str(bot.pk)):
        assert expected in page


def test_search_looks_at_name_summary_and_author_word_by_word(
    client: Client, make_bot: Callable[..., Bot], outsider: User
) -> None:
    make_bot("Momentum crossover")
    make_bot("Other", summary="also about MOMENTUM")
    make_bot("Foreign", author=outsider)
    assert set(names(client, "/?search=momentum")) == {"Momentum crossover", "Other"}
    assert names(client, "/?search=cross+momentum") == ["Momentum crossover"]
    assert names(client, "/?search=outsider") == ["Foreign"]


def test_the_type_filter_counts_what_the_search_found(client: Client, make_bot: Callable[..., Bot]) -> None:
    make_bot("A ridge", bot_type="ML")
    make_bot("B ridge", bot_type="TECHNICAL")
    make_bot("C", bot_type="TECHNICAL")
    answer = client.get("/?search=ridge&bot_type=ML")
    assert [bot.name for bot, _ in answer.context["cards"]] == ["A ridge"]
    assert {row["value"]: row["count"] for row in answer.context["types"]} == {
        "TECHNICAL": 1,
        "ML": 1,
        "DL": 0,
        "LLM": 0,
    }


def test_nothing_found_offers_the_way_back(client: Client, bot: Bot) -> None:
    assert "No bot fits" in text(client, "/?search=zzz")


@pytest.mark.parametrize(
    "query",
    ["?bot_type=NONSENSE", "?ordering=password", "?page=999", "?page=x", "?search=%00", "?search=" + "x" * 5000],
)
def test_nonsense_in_the_address_does_no_harm(client: Client, bot: Bot, query: str) -> None:
    assert client.get(f"/{query}").status_code == 200


def test_sorts(
    client: Client, make_bot: Callable[..., Bot], make_subscription: Callable[..., Subscription], outsider: User
) -> None:
    first, second = make_bot("B first"), make_bot("A second")
    make_subscription(bot=first)
    make_subscription(bot=first, user=outsider)
    make_subscription("other", bot=second)
    assert names(client, "/")[:2] == ["A second", "B first"]
    assert names(client, "/?ordering=name")[:2] == ["A second", "B first"]
    assert names(client, "/?ordering=-running")[:2] == ["B first", "A second"]


def test_paging_keeps_search_and_sort_in_the_address(client: Client, make_bot: Callable[..., Bot]) -> None:
    for number in range(30):
        make_bot(f"Bot {number:02}")
    page = text(client, "/?search=bot&ordering=name")
    assert "1 to 24 of 30" in page
    assert "?search=bot&amp;ordering=name&amp;page=2" in page
    assert names(client, "/?search=bot&ordering=name&page=2") == [f"Bot {number}" for number in range(24, 30)]


def test_records_are_counted_by_kind_of_money(
    client: Client, make_bot: Callable[..., Bot], make_subscription: Callable[..., Subscription], outsider: User
) -> None:
    bot = make_bot("Recorded")
    BotVersion.objects.create(bot=bot, number=2, status="APPROVED")
    add_trades(make_subscription("a", bot=bot, mode="live"), 2)
    add_trades(make_subscription("b", bot=bot), 3)
    add_trades(make_subscription("c", bot=bot, user=outsider), 4)
    make_subscription("d", bot=bot, user=outsider, status="STOPPED")
    (_, evidence) = client.get("/").context["cards"][0]
    assert {mode: (record.running, record.trades) for mode, record in evidence.records.items()} == {
        "live": (1, 2),
        "testnet": (0, 0),
        "paper": (2, 7),
    }
    page = text(client, "/")
    assert "Live record" in page
    assert "7 closed trades" in page
    assert "since" in page
    assert "Testnet record" not in page


def test_no_return_is_promised(client: Client, make_subscription: Callable[..., Subscription]) -> None:
    add_trades(make_subscription(), 3)
    assert "%" not in text(client, "/").split("<main", 1)[1].split("</main>", 1)[0].replace("%20", "")


def test_queries_do_not_grow_with_the_bots(
    client: Client, make_bot: Callable[..., Bot], make_subscription: Callable[..., Subscription]
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            client.get("/")
        return len(captured)

    for number in range(2):
        add_trades(make_subscription(f"s{number}", bot=make_bot(f"Bot {number}")), 2)
    few = queries()
    for number in range(2, 20):
        add_trades(make_subscription(f"s{number}", bot=make_bot(f"Bot {number}")), 1)
    assert queries() == few
    assert few <= 7
