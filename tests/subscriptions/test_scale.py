"""What a candle costs must not depend on how many people run the bot."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bots import runtime
from bots.models import Bot, BotVersion
from bots.sandbox.types import AskRequest, Outcome
from exchanges.simulator.http import Face, Reply, Request
from exchanges.simulator.server import Seam
from exchanges.simulator.testing import RunningSimulator
from subscriptions import tasks
from subscriptions.models import Decision, EquityPoint, Order, Position, Signal, Subscription
from tests.factories import approved_bot, running_subscription

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("eager_tasks")]


@pytest.fixture
def bot(author: User, moderator: User) -> Bot:
    return approved_bot(author, moderator)


@pytest.fixture
def requests(venue: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts what the venue was asked, by path."""
    counts: Counter[str] = Counter()

    class Counting(Seam):
        async def before(self, face: Face, request: Request) -> Reply | None:
            counts[request.path] += 1
            return await super().before(face, request)

    monkeypatch.setattr(venue.server.faults, "_inner", Counting())
    return counts


def more_like(first: Subscription, count: int) -> None:
    """Copies of a running subscription, on the same account and stream."""
    values = {
        field.attname: getattr(first, field.attname)
        for field in Subscription._meta.concrete_fields
        if field.name not in ("id", "instance_name")
    }
    Subscription.objects.bulk_create(Subscription(**values, instance_name=f"copy {number}") for number in range(count))


def test_a_thousand_subscriptions_cost_what_one_costs(
    bot: Bot, subscriber: User, venue: RunningSimulator, requests: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    ask = runtime.ask

    def counted_ask(*, version: BotVersion, requests: list[AskRequest]) -> list[Outcome]:
        asked.append(len(requests))
        return ask(version=version, requests=requests)

    monkeypatch.setattr(runtime, "ask", counted_ask)
    first = running_subscription(subscriber, bot, strategy_config={"script": "H"})

    def candle_closes() -> tuple[int, Counter[str]]:
        venue.advance(seconds=60)
        asked.clear()
        requests.clear()
        with CaptureQueriesContext(connection) as queries:
            tasks.candles_closed("1m")
        return len(queries), Counter(requests)

    candle_closes()  # the first one fetches the history
    queries_for_one, requests_for_one = candle_closes()
    more_like(first, 999)
    assert Subscription.objects.running().count() == 1000
    queries_for_all, requests_for_all = candle_closes()

    assert asked == [1]
    assert requests_for_all == requests_for_one
    assert requests_for_all["/api/v3/klines"] == 1
    assert queries_for_all == queries_for_one
    assert Signal.objects.count() == 3
    for model in (Decision, Order, EquityPoint):
        assert not model.objects.exists()


def test_equity_of_a_thousand_open_positions_is_marked_in_batches(
    bot: Bot, subscriber: User, venue: RunningSimulator
) -> None:
    first = running_subscription(subscriber, bot, strategy_config={"script": "H"})
    more_like(first, 999)
    Position.objects.bulk_create(
        Position(subscription=subscription, quantity=Decimal("0.01"), opened_at=timezone.now(), bought=Decimal("0.01"))
        for subscription in Subscription.objects.all()
    )
    venue.advance(seconds=60)
    tasks.candles_closed("1m")
    venue.advance(seconds=60)
    with CaptureQueriesContext(connection) as queries:
        tasks.candles_closed("1m")
    assert EquityPoint.objects.count() == 2000
    inserts = [query for query in queries if "equitypoint" in query["sql"].lower()]
    assert len(inserts) <= 4  # SQLite takes 999 values a statement, PostgreSQL all of them at once
