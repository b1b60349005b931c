"""How much of a venue's permitted rate several workers use together, and how often it has to refuse: never.

Processes that share a Redis ask a simulated Binance for candles, balances and an order as fast as they are let. The
venue counts for itself, by the minute; what it counted is what is shown.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks._stack import running_redis
from benchmarks.report import print_table
from exchanges.simulator.http import Face, Reply, Request
from exchanges.simulator.server import Seam
from exchanges.simulator.testing import running_simulator

WEIGHT_PER_MINUTE = 6000  # the venue's own; exchanges/adapters/binance/limits.py
PROCESSES = 4
MINUTES = 3
CANDLES = 100


class Counting(Seam):
    """What the venue's own counter stood at, by minute, and what it refused."""

    def __init__(self) -> None:
        self.used: dict[int, int] = {}
        self.refused: Counter[int] = Counter()

    async def after(self, face: Face, request: Request, reply: Reply) -> Reply:
        if reply.status in (418, 429):
            self.refused[reply.status] += 1
        used = int(reply.headers.get("X-MBX-USED-WEIGHT-1M", 0))
        minute = int(time.time() // 60)
        self.used[minute] = max(self.used.get(minute, 0), used)
        return await super().after(face, request, reply)


def main() -> dict[str, Any]:
    seam = Counting()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_redis(Path(folder)) as redis_url,
        running_simulator(seam=seam) as venue,
    ):
        time.sleep(60 - time.time() % 60)  # the venue counts by the minute of the clock
        context = multiprocessing.get_context("spawn")
        until = time.time() + 60 * MINUTES
        arguments = (redis_url, venue.url, venue.api_key, venue.api_secret, until)
        workers = [context.Process(target=_work, args=arguments) for _ in range(PROCESSES)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    failed = [worker.exitcode for worker in workers if worker.exitcode]
    if failed:
        raise RuntimeError(f"workers ended with {failed}")
    whole = sorted(seam.used.items())[:MINUTES]
    rows = [(number + 1, used, used / WEIGHT_PER_MINUTE * 100) for number, (_, used) in enumerate(whole)]
    print_table(
        f"{PROCESSES} processes, {WEIGHT_PER_MINUTE} weight a minute permitted; refused: {sum(seam.refused.values())}",
        ["minute", "weight used", "% of permitted"],
        rows,
    )
    return {
        "permitted_per_minute": WEIGHT_PER_MINUTE,
        "used_per_minute": [used for _, used in whole],
        "used_share_pct": round(sum(used for _, used in whole) / MINUTES / WEIGHT_PER_MINUTE * 100, 1),
        "refused": sum(seam.refused.values()),
    }


def _work(redis_url: str, url: str, api_key: str, api_secret: str, until: float) -> None:
    os.environ.update({"REDIS_URL": redis_url, "DJANGO_SETTINGS_MODULE": "marketplace.settings.test"})
    import django

    django.setup()
    from exchanges.errors import OrderNotFound, TransientExchangeError
    from exchanges.factory import ExchangeFactory

    ExchangeFactory.override_url("BINANCE", "live", url)
    with ExchangeFactory.create_exchange("BINANCE", api_key, api_secret, testnet=False) as exchange:
        symbol = "BTC/USDT"
        while time.time() < until:
            try:
                exchange.get_candles(symbol, "1m", limit=CANDLES)
                exchange.get_balances()
                exchange.get_order(symbol, "f" * 32)
            except OrderNotFound:
                continue
            except TransientExchangeError as error:
                time.sleep(min(error.retry_after, max(until - time.time(), 0)))


if __name__ == "__main__":
    main()
