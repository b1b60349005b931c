"""A simulator for tests: on a free port, in a thread of its own, its clock stopped until it is told to move.

with running_simulator(seed=7) as sim:
    client = MyExchange(sim.api_key, sim.api_secret, base_url=sim.url)
    sim.advance(minutes=5)
    sim.ledger()
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from exchanges.simulator import control
from exchanges.simulator.binance_spot.limits import WEIGHT_PER_MINUTE
from exchanges.simulator.history import parse_time
from exchanges.simulator.server import Seam, Server
from exchanges.simulator.simulator import Settings, Simulator, open_simulator

T = TypeVar("T")
DEFAULT_START = "2025-03-03T12:00:00Z"  # fixed, so that the prices of a test are the same every day
TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class Key:
    api_key: str
    api_secret: str
    account_id: int
    label: str


class RunningSimulator:
    """What a test does with it. Everything runs in the server's thread, between two requests."""

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop, url: str) -> None:
        self.url = url
        self.server = server
        self._loop = loop
        self.keys = {
            key["label"]: Key(key["api_key"], key["api_secret"], key["account_id"], key["label"])
            for key in self.call(control.keys)
        }

    @property
    def api_key(self) -> str:
        """Of the account `trader-1`, which may read and trade."""
        return self.keys["trader-1"].api_key

    @property
    def api_secret(self) -> str:
        return self.keys["trader-1"].api_secret

    def new_account(self, *, permissions: list[str] | None = None, **balances: Any) -> Key:
        """A fresh account: `sim.new_account(USDT="1000", BTC=1)`."""
        body: dict[str, Any] = {"balances": {asset: str(amount) for asset, amount in balances.items()}}
        if permissions is not None:
            body["permissions"] = permissions
        key = self.call(lambda simulator: control.open_account(simulator, body))
        return Key(key["api_key"], key["api_secret"], key["account_id"], key["label"])

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.now_ms() / 1000, UTC)

    def now_ms(self) -> int:
        return self.call(lambda simulator: simulator.clock.now_ms())

    def advance(self, delta: timedelta | None = None, *, seconds: float = 0, minutes: float = 0) -> datetime:
        """Move the clock forward; what rests at the venue lives through it. Returns the new time."""
        total = seconds + minutes * 60 + (delta.total_seconds() if delta else 0)
        self._change_clock({"advance_seconds": total})
        return self.now()

    def set_time(self, moment: datetime) -> None:
        self._change_clock({"set": moment.isoformat()})

    def set_speed(self, speed: float) -> None:
        self._change_clock({"speed": speed})

    def price(self, symbol: str = "BTC/USDT") -> Decimal:
        return Decimal(self.call(control.prices)[symbol])

    def set_price(self, symbol: str, price: Decimal | int | str) -> None:
        """The price jumps there now, and goes on from there."""
        body = {"symbol": symbol, "price": str(price)}
        self.call(lambda simulator: control.force_price(simulator, body))

    def ledger(self, api_key: str | None = None) -> dict[str, Any]:
        """As GET /_control/ledger."""
        return self.call(lambda simulator: control.ledger(simulator, api_key))

    def account(self, api_key: str | None = None) -> dict[str, Any]:
        """The ledger of one account, by default of `trader-1`: balances, orders, fills."""
        entry: dict[str, Any] = self.ledger(api_key or self.api_key)["accounts"][0]
        return entry

    def call(self, function: Callable[[Simulator], T]) -> T:
        """Run `function` in the server's thread and return what it returns."""

        async def run() -> T:
            answer = function(self.server.simulator)
            self.server.simulator.save()
            return answer

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(TIMEOUT_SECONDS)

    def _change_clock(self, body: dict[str, Any]) -> None:
        self.call(lambda simulator: control.change_clock(simulator, body))


@contextmanager
def running_simulator(
    *,
    seed: int = 7,
    speed: float = 0,
    start: str = DEFAULT_START,
    candles: Path | None = None,
    symbol: str = "BTC/USDT",
    data_dir: Path | None = None,
    seam: Seam | None = None,
    weight_per_minute: int = WEIGHT_PER_MINUTE,
) -> Iterator[RunningSimulator]:
    settings = Settings(
        seed=seed,
        speed=speed,
        start_ms=None if candles else parse_time(start),
        candles=candles,
        symbol=symbol,
        data_dir=data_dir,
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="simulator", daemon=True)
    thread.start()

    async def start_server() -> tuple[Server, int]:
        # In that thread from the beginning: an SQLite connection stays with the thread that opened it.
        server = Server(open_simulator(settings), seam=seam, weight_per_minute=weight_per_minute)
        return server, await server.start("127.0.0.1", 0)

    try:
        server, port = asyncio.run_coroutine_threadsafe(start_server(), loop).result(TIMEOUT_SECONDS)
        try:
            yield RunningSimulator(server, loop, f"http://127.0.0.1:{port}")
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result(TIMEOUT_SECONDS)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(TIMEOUT_SECONDS)
        loop.close()
