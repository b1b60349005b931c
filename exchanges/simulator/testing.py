"""A simulator for tests: on a free port, in a thread of its own, its clock stopped until it is told to move.

with running_simulator(seed=7) as sim:
    key = sim.keys_of("kraken")["trader-1"]
    client = MyExchange(key.api_key, key.api_secret, base_url=sim.urls["kraken"])
    sim.advance(minutes=5)
    sim.account("kraken")

`url`, `keys`, `api_key` and `api_secret` without a venue are those of Binance.
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
    passphrase: str = ""
    venue: str = "binance"


class RunningSimulator:
    """What a test does with it. Everything runs in the server's thread, between two requests."""

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        self.server = server
        self.urls = dict(server.urls)  # by endpoint: binance, coinbase, coinbase_exchange, kraken, kraken_futures
        self.url = self.urls["binance"]
        # What clients of the https endpoints have to trust; empty while there is none.
        self.ca_file = str(server.ca_file or "")
        self._loop = loop
        self._keys: dict[str, dict[str, Key]] = {}
        for key in self.call(control.keys):
            self._keys.setdefault(key["venue"], {})[key["label"]] = _key(key)

    @property
    def keys(self) -> dict[str, Key]:
        return self._keys["binance"]

    def keys_of(self, venue: str) -> dict[str, Key]:
        """By label: trader-1, trader-2, read-only, withdrawals (which may withdraw)."""
        return self._keys[venue]

    @property
    def api_key(self) -> str:
        """Of the account `trader-1`, which may read and trade."""
        return self.keys["trader-1"].api_key

    @property
    def api_secret(self) -> str:
        return self.keys["trader-1"].api_secret

    def new_account(
        self,
        *,
        venue: str = "binance",
        symbol: str | None = None,
        permissions: list[str] | None = None,
        **balances: Any,
    ) -> Key:
        """A fresh account: `sim.new_account(venue="kraken", USD="1000", BTC=1)`.

        Its key opens an account at the endpoint's other venues too, without money. `symbol`: of isolated margin, the
        market whose account gets the balances.
        """
        body: dict[str, Any] = {
            "venue": venue,
            "balances": {asset: str(amount) for asset, amount in balances.items()},
        }
        if symbol is not None:
            body["symbol"] = symbol
        if permissions is not None:
            body["permissions"] = permissions
        return _key(self.call(lambda simulator: control.open_account(simulator, body)))

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

    def price(self, symbol: str = "BTC/USDT", *, venue: str | None = None) -> Decimal:
        """The last price, at the first venue that lists the symbol if none is named."""
        return Decimal(self.call(lambda simulator: control.prices(simulator, venue))[symbol])

    def set_price(self, symbol: str, price: Decimal | int | str, *, venue: str | None = None) -> None:
        """The price jumps there now, and goes on from there; every venue's price of that coin goes along."""
        body = {"symbol": symbol, "price": str(price), "venue": venue}
        self.call(lambda simulator: control.force_price(simulator, body))

    def set_status(self, venue: str, status: str) -> None:
        """online, cancel_only, post_only, suspended or maintenance."""
        self.call(lambda simulator: control.set_status(simulator, {"venue": venue, "status": status}))

    def set_funding_rate(self, venue: str, symbol: str, rate: Decimal | str) -> None:
        """Of the running funding period and all later ones."""
        body = {"venue": venue, "symbol": symbol, "rate": str(rate)}
        self.call(lambda simulator: control.set_funding_rate(simulator, body))

    def fault(self, kind: str, venue: str | None = None, operation: str | None = None, **options: Any) -> int:
        """Let something go wrong: see exchanges/simulator/faults.py for kinds and options. Returns the fault's id.

        `sim.fault("reply_lost", "kraken", "submit")` hits the next order there; count or probability hit more.
        """
        body = {"kind": kind, "venue": venue, "operation": operation, **options}
        return int(self.call(lambda _: self.server.faults.add(body))["id"])

    def faults(self) -> dict[int, dict[str, Any]]:
        """By id; `hits` says how often each has hit."""
        return {int(fault["id"]): fault for fault in self.call(lambda _: self.server.faults.list())}

    def clear_faults(self) -> None:
        self.call(lambda _: self.server.faults.remove())

    def ledger(self, api_key: str | None = None, *, venue: str | None = None) -> dict[str, Any]:
        """As GET /_control/ledger: the accounts of all venues, or of one."""
        return self.call(lambda simulator: control.ledger(simulator, api_key, venue))

    def account(
        self, venue: str = "binance", *, api_key: str | None = None, symbol: str | None = None
    ) -> dict[str, Any]:
        """The ledger of one account, by default of `trader-1`: balances, orders, fills, positions, payments.

        `account(api_key)` is that key's account at Binance, or where else it has one. `symbol`: the account for that
        market, of isolated margin.
        """
        known = self.server.simulator.venues
        if venue not in known:
            api_key = venue
            venue = next(name for name in known if api_key in known[name].keys)
        accounts = self.ledger(api_key or self._keys[venue]["trader-1"].api_key, venue=venue)["accounts"]
        entry: dict[str, Any] = next(account for account in accounts if account["symbol"] == symbol)
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
    weight_per_minute: int | None = None,
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

    async def start_server() -> Server:
        # In that thread from the beginning: an SQLite connection stays with the thread that opened it.
        server = Server(open_simulator(settings), seam=seam, weight_per_minute=weight_per_minute)
        await server.start("127.0.0.1", 0)
        return server

    try:
        server = asyncio.run_coroutine_threadsafe(start_server(), loop).result(TIMEOUT_SECONDS)
        try:
            yield RunningSimulator(server, loop)
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result(TIMEOUT_SECONDS)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(TIMEOUT_SECONDS)
        loop.close()


def _key(key: dict[str, Any]) -> Key:
    return Key(key["api_key"], key["api_secret"], key["account_id"], key["label"], key["passphrase"], key["venue"])
