"""The simulator put together: one clock, the markets, the venues on them, and the store behind them all."""

from __future__ import annotations

import secrets
import time
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot_sdk.candles import MINUTES_PER_DAY
from exchanges.simulator.clock import SimulatedClock
from exchanges.simulator.faces import new_key
from exchanges.simulator.history import (
    DAY_MS,
    MINUTE_MS,
    CachedHistory,
    CsvHistory,
    FollowingHistory,
    History,
    RandomWalkHistory,
    RatioHistory,
)
from exchanges.simulator.listings import SPOT_LISTINGS, Listing
from exchanges.simulator.market import Market
from exchanges.simulator.records import (
    Account,
    ApiKey,
    Fill,
    ForcedPrice,
    ForcedRate,
    Order,
    OrderList,
    Payment,
    Permission,
    PositionRecord,
    from_json,
    to_json,
)
from exchanges.simulator.rules import VENUES
from exchanges.simulator.store import Store, StoreBusy
from exchanges.simulator.venue import OrderRefused, Refusal, Venue

HISTORY_DAYS = 400  # before the start, so that there are daily candles
DEFAULT_SEED = 7
DEFAULT_START_DAYS_AGO = 30
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
    markets: dict[str, Market]  # the underlying ones, which are Binance's spot markets; the others follow them
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

    def price(self, symbol: str, venue: str | None = None) -> Decimal:
        """The last price now, at that venue or at the first that lists the symbol."""
        return self.market(symbol, venue).price_at(self.settle())

    def market(self, symbol: str, venue: str | None = None) -> Market:
        """KeyError where nobody lists it."""
        if venue is not None:
            return self.venues[venue].markets[symbol]
        return next(each.markets[symbol] for each in self.venues.values() if symbol in each.markets)

    def force_price(self, symbol: str, price: Decimal, venue: str | None = None) -> None:
        """The price jumps there now, at every venue, and goes on from there.

        `price` is exact for `symbol` at that venue (by default the first that lists it). Every other market that
        follows the same underlying one jumps along: to the same price where it has the same symbol, else by the basis
        between the two, each to its own tick.
        """
        named = self.market(symbol, venue)
        if named.ticks(price) <= 0:
            raise ValueError(f"the price must be at least one tick ({named.listing.tick_size})")
        now = self.settle()
        jumped: set[int] = set()
        for name, each in self.venues.items():
            for other_symbol, market in each.markets.items():
                if id(market) in jumped or _underlying(market) != _underlying(named):
                    continue
                jumped.add(id(market))
                target = price if market is named else price * market.listing.basis / named.listing.basis
                factor = market.force_price(now, max(1, market.ticks(target)))
                self._remember(ForcedPrice(other_symbol, now, factor, name))
        for each in self.venues.values():
            for other_symbol, market in each.markets.items():
                if id(market) in jumped:
                    each.price_jumped(other_symbol)

    def _remember(self, forced: ForcedPrice) -> None:
        self.forced_prices.append(forced)
        if self.store:
            self.store.put([("ForcedPrice", f"{len(self.forced_prices):09}", to_json(forced))])

    def open_account(
        self,
        venue: Venue,
        name: str,
        balances: dict[str, Decimal],
        permissions: list[Permission],
        *,
        seed_text: str | None = None,
        pays_fees_in_bnb: bool = False,
        symbol: str | None = None,
    ) -> ApiKey:
        """An account with its key. A key opens an account at every venue of its endpoint; the others stay empty.

        `symbol`: of isolated margin, the market whose account gets the balances.
        """
        rules = VENUES[venue.name]
        api_key, secret, passphrase = new_key(rules.endpoint, seed_text or secrets.token_hex(32))
        for other in self.venues.values():
            if VENUES[other.name].endpoint != rules.endpoint:
                continue
            own = balances if other is venue and symbol is None else {}
            account = other.open_account(name, dict(own), pays_fees_in_bnb=pays_fees_in_bnb)
            other.add_key(account, name, api_key, secret, permissions, passphrase)
        if symbol is not None:
            owner = venue.accounts[venue.keys[api_key].account_id]
            for asset, amount in balances.items():
                venue.deposit(venue.isolated_account(owner, symbol), asset, amount)
        return venue.keys[api_key]

    def transfer(
        self, source: tuple[Venue, Account], target: tuple[Venue, Account], asset: str, amount: Decimal
    ) -> None:
        """Between two accounts of one owner, at venues of one endpoint. OrderRefused where it cannot be moved."""
        venue, account = source
        if not 0 < amount <= venue.max_transfer_out(account, asset):
            raise OrderRefused(Refusal.INSUFFICIENT_FUNDS)
        venue.note_transfer(account, asset, -amount)
        target[0].note_transfer(target[1], asset, amount)

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
    simulator = Simulator(clock, markets["binance"], _venues(markets, clock.now_ms(), world.seed), world, store)
    if store and saved_clock:
        _load(simulator, store, saved_clock)
        _complete(simulator)
    else:
        _add_standard_accounts(simulator, is_lasting=store is not None)
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


def _markets(world: World) -> dict[str, dict[str, Market]]:
    """By venue and symbol. Venues that share their markets have the same ones."""
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
            histories[symbol] = CachedHistory(RandomWalkHistory(listing, world.seed, first_minute))
    markets: dict[str, dict[str, Market]] = {}
    for name, rules in VENUES.items():
        if rules.shares_markets_with:
            markets[name] = markets[rules.shares_markets_with]
            continue
        markets[name] = {
            symbol: Market(listing, _history(name, listing, histories, world.seed))
            for symbol, listing in rules.listings.items()
        }
    return markets


def _history(venue: str, listing: Listing, histories: dict[str, History], seed: int) -> History:
    if listing.follows is None:
        return histories[listing.symbol]
    return FollowingHistory(listing, histories[listing.follows], SPOT_LISTINGS[listing.follows], (seed, venue))


def _underlying(market: Market) -> str:
    return market.listing.follows or market.listing.symbol


def _venues(markets: dict[str, dict[str, Market]], now_ms: int, seed: int) -> dict[str, Venue]:
    return {name: Venue(name, markets[name], now_ms, rules, seed) for name, rules in VENUES.items()}


def _add_standard_accounts(simulator: Simulator, *, is_lasting: bool) -> None:
    """Keys follow from the seed, so that a test can know them; in a data directory they are really secret."""
    for name, venue in simulator.venues.items():
        if venue.keys:  # its endpoint has had them already
            continue
        for label, permissions in STANDARD_KEYS.items():
            seed_text = None if is_lasting else f"{name} {simulator.world.seed} {label}"
            key = simulator.open_account(venue, label, {}, permissions, seed_text=seed_text)
            for other_name in VENUES:
                if key.api_key in simulator.venues[other_name].keys:
                    _fund(simulator.venues[other_name], key.api_key)


def _fund(venue: Venue, api_key: str) -> None:
    account = venue.accounts[venue.keys[api_key].account_id]
    for asset, amount in venue.rules.balances.items():
        venue.deposit(account, asset, amount)
    for symbol, balances in venue.rules.balances_by_symbol.items():
        for asset, amount in balances.items():
            venue.deposit(venue.isolated_account(account, symbol), asset, amount)


def _complete(simulator: Simulator) -> None:
    """A data directory of an earlier version lacks the venues that have come since."""
    for name, venue in simulator.venues.items():
        first = next(each for each in simulator.venues if VENUES[each].endpoint == VENUES[name].endpoint)
        if venue.keys or first == name:
            continue
        for key in simulator.venues[first].keys.values():
            account = venue.open_account(key.label, {})
            venue.add_key(account, key.label, key.api_key, key.api_secret, key.permissions, key.passphrase)
            if key.label in STANDARD_KEYS:
                _fund(venue, key.api_key)
    _add_standard_accounts(simulator, is_lasting=True)


def _load(simulator: Simulator, store: Store, clock_state: dict[str, Any]) -> None:
    for name, venue in simulator.venues.items():
        for cls in (Account, ApiKey, OrderList, Order, Fill, PositionRecord, Payment, ForcedRate):
            for data in store.all(f"{name}.{cls.__name__}"):
                venue.add(from_json(cls, data))
        venue.take_changes()  # these are no news
        venue.settled_ms = clock_state["settled_ms"].get(name, clock_state["now_ms"])
    for data in store.all("ForcedPrice"):
        forced = from_json(ForcedPrice, data)
        simulator.venues[forced.venue].markets[forced.symbol].add_forced(forced.ms, forced.factor)
        simulator.forced_prices.append(forced)
