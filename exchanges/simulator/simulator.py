"""The simulator put together: one clock, the markets, the venues on them, and the store behind them all."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot_sdk.candles import MINUTES_PER_DAY
from exchanges.simulator.clock import SimulatedClock
from exchanges.simulator.history import (
    DAY_MS,
    MINUTE_MS,
    CsvHistory,
    History,
    RandomWalkHistory,
    RatioHistory,
)
from exchanges.simulator.listings import SPOT_LISTINGS
from exchanges.simulator.market import Market
from exchanges.simulator.records import (
    Account,
    ApiKey,
    Fill,
    ForcedPrice,
    Order,
    OrderList,
    Permission,
    from_json,
    to_json,
)
from exchanges.simulator.store import Store, StoreBusy
from exchanges.simulator.venue import Venue

HISTORY_DAYS = 400  # before the start, so that there are daily candles
DEFAULT_SEED = 7
DEFAULT_START_DAYS_AGO = 30
STARTING_BALANCES = {"USDT": Decimal(100_000), "BTC": Decimal(1), "ETH": Decimal(10), "BNB": Decimal(10)}
STANDARD_KEYS: dict[str, list[Permission]] = {
    "trader-1": [Permission.READ, Permission.TRADE],
    "trader-2": [Permission.READ, Permission.TRADE],
    "read-only": [Permission.READ],
    "withdrawals": [Permission.READ, Permission.TRADE, Permission.WITHDRAW],
}


class SettingsError(ValueError):
    """Settings that contradict each other, or what the data directory was made with."""


@dataclass(frozen=True)
class Settings:
    """None means: as the data directory has it, else the default."""

    seed: int | None = None
    speed: float | None = None
    start_ms: int | None = None
    candles: Path | None = None
    symbol: str = "BTC/USDT"
    data_dir: Path | None = None


@dataclass(frozen=True)
class World:
    """What the prices depend on; fixed for the life of a data directory."""

    seed: int
    start_ms: int
    candles: str | None = None
    symbol: str | None = None


@dataclass
class Simulator:
    clock: SimulatedClock
    markets: dict[str, Market]
    venues: dict[str, Venue]
    world: World
    store: Store | None = None
    forced_prices: list[ForcedPrice] = field(default_factory=list)

    @property
    def binance(self) -> Venue:
        return self.venues["binance"]

    def settle(self) -> int:
        """Bring all venues to one instant, now, and return it."""
        now = self.clock.now_ms()
        for venue in self.venues.values():
            venue.settle(now)
        return now

    def force_price(self, symbol: str, price: Decimal) -> None:
        """The price jumps there now, and goes on from there."""
        market = self.markets[symbol]
        ticks = market.ticks(price)
        if ticks <= 0:
            raise ValueError(f"the price must be at least one tick ({market.listing.tick_size})")
        now = self.settle()
        self.forced_prices.append(ForcedPrice(symbol, now, market.force_price(now, ticks)))
        for venue in self.venues.values():
            venue.price_jumped(symbol)
        if self.store:
            number = len(self.forced_prices)
            self.store.put([("ForcedPrice", f"{number:09}", to_json(self.forced_prices[-1]))])

    def save(self) -> None:
        """Write what has changed since the last time. Called before any reply leaves."""
        changes = [
            (f"{name}.{kind}", key, to_json(record))
            for name, venue in self.venues.items()
            for kind, key, record in venue.take_changes()
        ]
        if self.store:
            self.store.put([*changes, ("clock", "clock", self._clock_state())])

    def close(self) -> None:
        self.save()
        if self.store:
            self.store.close()

    def _clock_state(self) -> dict[str, Any]:
        settled = {name: venue.settled_ms for name, venue in self.venues.items()}
        return {"now_ms": self.clock.now_ms(), "speed": self.clock.speed, "settled_ms": settled}


def open_simulator(settings: Settings) -> Simulator:
    """A new simulator, or the one that the data directory holds, at the instant where it stopped."""
    try:
        store = Store(settings.data_dir / "simulator.sqlite3") if settings.data_dir else None
    except StoreBusy as error:
        raise SettingsError(f"{settings.data_dir} is in use by another simulator") from error
    try:
        return _open(settings, store)
    except BaseException:
        if store:
            store.close()
        raise


def _open(settings: Settings, store: Store | None) -> Simulator:
    saved_world = store.get("world", "world") if store else None
    saved_clock = store.get("clock", "clock") if store else None
    world = _agree(settings, World(**saved_world)) if saved_world else _new_world(settings)
    speed = settings.speed if settings.speed is not None else (saved_clock or {}).get("speed", 1.0)
    clock = SimulatedClock(saved_clock["now_ms"] if saved_clock else world.start_ms, speed)
    markets = _markets(world)
    simulator = Simulator(clock, markets, {"binance": Venue("binance", markets, clock.now_ms())}, world, store)
    if store and saved_clock:
        _load(simulator, store, saved_clock)
    else:
        for venue in simulator.venues.values():
            _add_standard_accounts(venue, world.seed, is_lasting=store is not None)
        if store:
            store.put([("world", "world", asdict(world))])
        simulator.save()
    return simulator


def _new_world(settings: Settings) -> World:
    seed = DEFAULT_SEED if settings.seed is None else settings.seed
    start_ms = settings.start_ms
    if settings.candles is not None and start_ms is None:
        history = CsvHistory(settings.candles, SPOT_LISTINGS[settings.symbol])
        start_ms = (history.first_minute + (history.last_minute - history.first_minute) // 4) * MINUTE_MS
    if start_ms is None:
        now_ms = int(time.time() * 1000)
        start_ms = (now_ms - DEFAULT_START_DAYS_AGO * DAY_MS) // MINUTE_MS * MINUTE_MS
    return World(
        seed=seed,
        start_ms=start_ms,
        candles=str(settings.candles.resolve()) if settings.candles else None,
        symbol=settings.symbol if settings.candles else None,
    )


def _agree(settings: Settings, world: World) -> World:
    """The saved world, unless the settings ask for another: accounts cannot move from one to another."""
    asked = {
        "seed": (settings.seed, world.seed),
        "start": (settings.start_ms, world.start_ms),
        "candles": (str(settings.candles.resolve()) if settings.candles else None, world.candles),
        "symbol": (settings.symbol if settings.candles else None, world.symbol),
    }
    for name, (wanted, saved) in asked.items():
        if wanted is not None and wanted != saved:
            raise SettingsError(
                f"{settings.data_dir} was made with {name} {saved}; leave it out or take another directory"
            )
    return world


def _markets(world: World) -> dict[str, Market]:
    first_minute = (world.start_ms // DAY_MS - HISTORY_DAYS) * MINUTES_PER_DAY
    histories: dict[str, History] = {}
    for symbol, listing in SPOT_LISTINGS.items():
        if symbol == world.symbol and world.candles:
            histories[symbol] = CsvHistory(Path(world.candles), listing)
        elif listing.ratio_of:
            above, below = listing.ratio_of
            units = (SPOT_LISTINGS[above], SPOT_LISTINGS[below])
            histories[symbol] = RatioHistory(listing, histories[above], histories[below], units, world.seed)
        else:
            histories[symbol] = RandomWalkHistory(listing, world.seed, first_minute)
    return {symbol: Market(SPOT_LISTINGS[symbol], history) for symbol, history in histories.items()}


def _add_standard_accounts(venue: Venue, seed: int, *, is_lasting: bool) -> None:
    """Keys follow from the seed, so that a test can know them; in a data directory they are really secret."""
    for label, permissions in STANDARD_KEYS.items():
        account = venue.open_account(label, dict(STARTING_BALANCES))
        if is_lasting:
            api_key, api_secret = secrets.token_hex(32), secrets.token_hex(32)
        else:
            api_key = hashlib.sha256(f"{venue.name} {seed} {label} key".encode()).hexdigest()
            api_secret = hashlib.sha256(f"{venue.name} {seed} {label} secret".encode()).hexdigest()
        venue.add_key(account, label, api_key, api_secret, permissions)


def _load(simulator: Simulator, store: Store, clock_state: dict[str, Any]) -> None:
    for name, venue in simulator.venues.items():
        for cls in (Account, ApiKey, OrderList, Order, Fill):
            for data in store.all(f"{name}.{cls.__name__}"):
                venue.add(from_json(cls, data))
        venue.take_changes()  # these are no news
        venue.settled_ms = clock_state["settled_ms"][name]
    for data in store.all("ForcedPrice"):
        forced = from_json(ForcedPrice, data)
        simulator.markets[forced.symbol].add_forced(forced.ms, forced.factor)
        simulator.forced_prices.append(forced)
