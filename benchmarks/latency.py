"""From a candle's close to the order's arrival at the venue, by step.

A real Celery worker with a real Redis, SQLite, a bot in its sandbox, and the simulator as the venue. The venue's clock
stands still but for the closes, so that a close has an exact moment: when the clock was moved. Beat is left out: it
fires on its own second boundary.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.report import print_table

ROUNDS = 60
WARM_UP_ROUNDS = 4
STEPS = {
    "close_to_signal": "close to signal recorded (queue, candles, bot)",
    "signal_to_order": "signal to order saved (queue, price, balance, risk)",
    "order_to_send": "order saved to claimed for sending",
    "send_to_venue": "claimed to received at the venue",
    "total": "candle close to order received",
}
BOT = """
from bot_sdk import Action, CustomBot


class Alternating(CustomBot):
    def analyze_market(self, market_data):
        close = market_data["close"]
        close.rolling(20).mean()
        buys = self.state["buys"] = not self.state.get("buys", False)
        return Action(Action.BUY if buys else Action.SELL, float(close.iloc[-1]), "in turn")
"""


def main() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(DJANGO_SETTINGS_MODULE="marketplace.settings.test", DATA_DIR=folder)
        os.environ.pop("DATABASE_URL", None)
        import django

        django.setup()
        rounds = _measure(Path(folder))
    figures = {name: _percentiles([one[name] for one in rounds]) for name in STEPS}
    print_table(
        f"Candle close to order received at the venue, {len(rounds)} orders, milliseconds",
        ["step", "p50", "p99"],
        [(text, figures[name]["p50_ms"], figures[name]["p99_ms"]) for name, text in STEPS.items()],
    )
    return {"orders": len(rounds), **figures}


def _percentiles(seconds: Sequence[float]) -> dict[str, float]:
    return {
        "p50_ms": round(1000 * statistics.median(seconds), 2),
        "p99_ms": round(1000 * statistics.quantiles(seconds, n=100, method="inclusive")[98], 2),
    }


def _measure(folder: Path) -> list[dict[str, float]]:
    from django.conf import settings
    from django.core.management import call_command

    from benchmarks._stack import running_redis, running_worker
    from exchanges.factory import ExchangeFactory
    from exchanges.simulator.http import Face, Reply, Request
    from exchanges.simulator.server import Seam
    from exchanges.simulator.testing import running_simulator

    arrivals: list[float] = []

    class Noting(Seam):
        async def before(self, face: Face, request: Request) -> Reply | None:
            if (request.method, request.path) == ("POST", "/api/v3/order"):
                arrivals.append(time.time())
            return await super().before(face, request)

    call_command("migrate", verbosity=0)
    with running_simulator(seam=Noting()) as venue, running_redis(folder) as redis_url:
        for network in ("live", "testnet"):
            ExchangeFactory.override_url("BINANCE", network, venue.url)
        _subscribe(venue)
        environment = {
            "REDIS_URL": redis_url,
            "SIMULATOR_URL": venue.url,
            "FIELD_ENCRYPTION_KEY": ",".join(settings.FIELD_ENCRYPTION_KEY),
        }
        with running_worker(environment, folder / "worker.log"):
            rounds = [_one_round(venue, arrivals, folder / "worker.log") for _ in range(WARM_UP_ROUNDS + ROUNDS)]
    return rounds[WARM_UP_ROUNDS:]


def _one_round(venue: Any, arrivals: list[float], log: Path) -> dict[str, float]:
    from benchmarks._stack import wait_for
    from subscriptions import tasks
    from subscriptions.models import Order, Subscription

    orders_before = Order.objects.count()
    arrivals.clear()
    closed_at = time.time()
    venue.advance(seconds=60)
    tasks.candles_closed.delay("1m")

    def is_done() -> bool:
        return (
            Order.objects.filter(status="FILLED").count() > orders_before
            and not Subscription.objects.filter(claimed_until__isnull=False).exists()
        )

    wait_for(is_done, "the order", log)
    order = Order.objects.select_related("signal").latest("created_at")
    if order.signal is None or order.submitted_at is None:
        raise RuntimeError(f"the order has no signal or was not sent: {order}")

    def between(start: datetime, end: datetime) -> float:
        return (end - start).total_seconds()

    return {
        "close_to_signal": order.signal.created_at.timestamp() - closed_at,
        "signal_to_order": between(order.signal.created_at, order.created_at),
        "order_to_send": between(order.created_at, order.submitted_at),
        "send_to_venue": arrivals[0] - order.submitted_at.timestamp(),
        "total": arrivals[0] - closed_at,
    }


def _subscribe(venue: Any) -> None:
    """One subscription of a bot that buys and sells in turn, on a keyed account."""
    from decimal import Decimal

    from django.contrib.auth.models import Permission, User
    from django.core.files.uploadedfile import SimpleUploadedFile

    from bots import checks, publishing, runtime
    from exchanges import services
    from subscriptions import lifecycle

    author, moderator = (User.objects.create_user(name) for name in ("author", "moderator"))
    moderator.user_permissions.add(Permission.objects.get(codename="moderate_botversion"))
    bot = publishing.create_bot(author=author, name="Alternating", bot_type="TECHNICAL")
    version = publishing.draft_of(bot)
    upload = SimpleUploadedFile("bot.py", BOT.encode())
    publishing.add_file(version=version, actor=author, upload=upload, file_type="CODE")
    checks.run(report_id=publishing.start_checks(version=version, actor=author).pk)
    publishing.submit(version=version, actor=author)
    publishing.approve(version=version, actor=moderator)
    runtime.pool().close()
    services.save_credential(
        user=author, exchange="BINANCE", mode="testnet", api_key=venue.api_key, api_secret=venue.api_secret
    )
    subscription = lifecycle.create_subscription(
        user=author,
        bot=bot,
        instance_name="measured",
        exchange_type="BINANCE",
        trading_pair="BTC/USDT",
        timeframe="1m",
        mode="testnet",
        strategy_config={},
        risk_config={"position_size_pct": "50"},
        allocated_capital=Decimal(10_000),
    )
    lifecycle.start_subscription(subscription=subscription, actor=author)
