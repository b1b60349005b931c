"""The whole way through the REST API: real Celery worker process, real broker, the simulator as the venue.

Upload, submit, approve, credentials, subscribe, candles close, orders fill, performance. What was recorded equals the
venue's ledger to the last digit.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from rest_framework.test import APIClient

from benchmarks._stack import running_redis, running_worker, sending_to, wait_for
from exchanges.simulator.testing import RunningSimulator
from marketplace import celery_app
from subscriptions import tasks
from subscriptions.models import Decision, Fill, Order, Signal, Subscription, Trade
from tests.factories import SCRIPTED_BOT

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def rabbitmq() -> Iterator[str]:
    """The RabbitMQ that the environment names; its queues are emptied, so it must be one for tests."""
    url = os.environ.get("TEST_RABBITMQ_URL")
    if not url:
        pytest.skip("TEST_RABBITMQ_URL names no RabbitMQ whose queues may be emptied")
    with sending_to(url), celery_app.connection_for_write() as connected, connected.channel() as channel:
        for queue in ("trading", "validation"):
            channel.queue_delete(queue)
        yield url


@pytest.fixture(params=["redis", "rabbitmq"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """What the worker's environment says about the broker."""
    if request.param == "redis":
        with running_redis(tmp_path) as url:
            yield {"REDIS_URL": url}
    else:
        with rabbitmq() as url:
            yield {"CELERY_BROKER_URL": url}


@pytest.fixture
def worker(venue: RunningSimulator, transactional_db: None, broker: dict[str, str], tmp_path: Path) -> Iterator[Path]:
    """A Celery worker process as in production, on the test's database and venue; the path of its log."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{database['NAME']}"
    else:
        where = f"{database['HOST']}:{database['PORT'] or 5432}/{database['NAME']}"
        url = f"postgres://{database['USER']}:{database['PASSWORD']}@{where}"
    environment = {
        "DATA_DIR": str(settings.DATA_DIR),
        "DATABASE_URL": url,
        "FIELD_ENCRYPTION_KEY": ",".join(settings.FIELD_ENCRYPTION_KEY),
        "SIMULATOR_URL": venue.url,
    }
    log = tmp_path / "worker.log"
    with running_worker({**environment, **broker}, log):
        yield log


def ok(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.content
    return answer.json()


def publish(author: APIClient, moderator: APIClient) -> str:
    bot = ok(author.post("/api/bots", {"name": "Scripted", "bot_type": "TECHNICAL"}), 201)["bot_id"]
    upload = {"file": SimpleUploadedFile("bot.py", SCRIPTED_BOT.encode()), "file_type": "CODE"}
    ok(author.post(f"/api/bots/{bot}/upload-file", upload, format="multipart"), 201)
    assert ok(author.post(f"/api/bots/{bot}/submit"))["status"] == "SUBMITTED"
    assert ok(author.get(f"/api/bots/{bot}/report"))["status"] == "passed"
    assert ok(moderator.post(f"/api/bots/{bot}/approve"))["status"] == "APPROVED"
    return bot


def subscribe(subscriber: APIClient, bot: str, venue: RunningSimulator) -> str:
    keys = {"exchange_name": "BINANCE", "api_key": venue.api_key, "api_secret": venue.api_secret, "testnet": True}
    ok(subscriber.post("/api/exchanges/credentials", {**keys, "label": "mine"}, format="json"), 201)
    body = {
        "instance_name": "The whole way",
        "bot_id": bot,
        "exchange_type": "BINANCE",
        "trading_pair": "BTC/USDT",
        "timeframe": "1m",
        "mode": "testnet",
        "strategy_config": {"script": "BHSBSH"},
        "execution_config": {"market_type": "spot", "order_type": "MARKET", "allocated_capital": "20000"},
        "risk_config": {"position_size_pct": "90", "stop_loss_pct": "3"},
    }
    subscription = ok(subscriber.post("/api/subscriptions/", body, format="json"), 201)["id"]
    assert ok(subscriber.post(f"/api/subscriptions/{subscription}/start/"))["status"] == "RUNNING"
    return subscription


def test_from_upload_to_performance(
    worker: Path,
    api: Callable[[User], APIClient],
    author: User,
    subscriber: User,
    moderator: User,
    venue: RunningSimulator,
) -> None:
    client = api(subscriber)
    bot = publish(api(author), api(moderator))
    subscription = subscribe(client, bot, venue)

    for step, letter in enumerate("BHSBSH", start=1):
        venue.advance(seconds=60)
        tasks.candles_closed.delay("1m")
        wait_for(lambda n=step: Signal.objects.count() == n, f"signal {step}", worker)
        if letter != "H":
            wait_for(nothing_under_way, f"what follows from signal {step}", worker)
    assert Trade.objects.count() == 2

    _compare_with_ledger(subscription, venue)
    performance = ok(client.get(f"/api/subscriptions/{subscription}/performance"))
    trades = ok(client.get(f"/api/subscriptions/{subscription}/trades"))["results"]
    assert set(performance) == {
        "total_trades",
        "winning_trades",
        "losing_trades",
        "win_rate",
        "total_pnl",
        "total_pnl_percentage",
        "average_trade_duration",
        "max_drawdown",
        "sharpe_ratio",
    }
    assert performance["total_trades"] == 2
    assert Decimal(performance["total_pnl"]) == sum(Decimal(trade["pnl"]) for trade in trades)
    for secret in (venue.api_secret, venue.api_key):
        assert secret not in worker.read_text()


def nothing_under_way() -> bool:
    """The newest signal has its decision, its orders have their outcome, and nobody holds the subscription."""
    newest = Signal.objects.order_by("-candle_open_time").first()
    return (
        Decision.objects.filter(signal=newest).exists()
        and not Order.objects.filter(status__in=Order.UNCONFIRMED).exists()
        and not Subscription.objects.filter(claimed_until__isnull=False).exists()
    )


def _compare_with_ledger(subscription: str, venue: RunningSimulator) -> None:
    """Every fill of ours is the venue's, and the trades earned what the account's balances say."""
    account = venue.account()
    ours = {
        (fill.order.exchange_order_id, fill.price, fill.quantity, fill.fee, fill.fee_asset)
        for fill in Fill.objects.filter(order__subscription=subscription).select_related("order")
    }
    theirs = {
        (
            str(fill["order_id"]),
            Decimal(fill["price"]),
            Decimal(fill["quantity"]),
            Decimal(fill["fee"]),
            fill["fee_asset"],
        )
        for fill in account["fills"]
    }
    assert ours == theirs
    assert len(ours) >= 4
    placed = {(order.client_order_id, order.status) for order in Order.objects.filter(subscription=subscription)}
    assert placed == {(order["client_order_id"], order["status"]) for order in account["orders"]}
    usdt = account["balances"]["USDT"]
    total = Decimal(usdt["free"]) + Decimal(usdt["locked"])
    earned = sum((trade.pnl for trade in Trade.objects.filter(subscription=subscription)), Decimal(0))
    assert total - STARTING_USDT == earned


STARTING_USDT = Decimal(100_000)
