"""Where the prices come from: a seeded random walk, the ratio of two of them, a CSV file of real candles, or any
of these as another venue has it.

A history answers for any day at once, without the days before it: `day(n)` for the n-th day since 1970,
UTC, is an int64 array of shape (1440, 5) with one row per minute: open, high, low, close in ticks and the
volume in steps of its own. Whole numbers, so that sums, highs and lows of longer candles are exact.
"""

from __future__ import annotations

import csv
import itertools
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import numpy as np

from bot_sdk.candles import MINUTES_PER_DAY, random_walk_day
from exchanges.simulator.listings import Listing

MINUTE_MS = 60_000
DAY_MS = MINUTES_PER_DAY * MINUTE_MS
CACHED_DAYS = 64  # about 60 kB each

_ANCHOR_EPOCH = 14_610  # 2010-01-01; the walk from day to day begins here
_ANCHOR_DAYS = 16_000
_REVERSION = 0.985  # per day; keeps two years of a demo within a believable range


class History(Protocol):
    first_minute: int  # since 1970; nothing was listed before

    def day(self, day: int) -> np.ndarray: ...


class RandomWalkHistory:
    """Each day is a random walk of its own, bent so that it ends where the next one begins.

    Depends on seed, symbol and date only: the same instant has the same price whenever a simulator is
    started.
    """

    def __init__(self, listing: Listing, seed: int, first_minute: int) -> None:
        self.first_minute = first_minute
        self._listing = listing
        self._key = (seed, zlib.crc32(listing.symbol.encode()))
        steps = np.random.default_rng(self._key).normal(0, listing.daily_volatility, _ANCHOR_DAYS)
        offsets = np.zeros(_ANCHOR_DAYS + 1)
        for index, step in enumerate(steps):
            offsets[index + 1] = offsets[index] * _REVERSION + step
        self._anchors = listing.start_price * np.exp(offsets)

    def day(self, day: int) -> np.ndarray:
        opens_at, closes_at = self._anchors[day - _ANCHOR_EPOCH : day - _ANCHOR_EPOCH + 2]
        rng = np.random.default_rng((*self._key, day))
        candles = random_walk_day(rng, opens_at, daily_volatility=self._listing.daily_volatility)
        bend = np.log(closes_at / candles[-1, 3])
        ramp = np.exp(bend * np.arange(MINUTES_PER_DAY + 1) / MINUTES_PER_DAY)
        candles[:, 0] *= ramp[:-1]
        candles[:, 3] *= ramp[1:]
        candles[:, 1] *= np.maximum(ramp[:-1], ramp[1:])
        candles[:, 2] *= np.minimum(ramp[:-1], ramp[1:])
        return to_ticks_and_lots(candles, self._listing)


class RatioHistory:
    """A cross rate that agrees with the two markets it is the ratio of."""

    def __init__(
        self, listing: Listing, above: History, below: History, units: tuple[Listing, Listing], seed: int
    ) -> None:
        self.first_minute = max(above.first_minute, below.first_minute)
        self._listing = listing
        self._above, self._below = above, below
        self._units = float(units[0].tick_size / units[1].tick_size)
        self._key = (seed, zlib.crc32(listing.symbol.encode()))

    def day(self, day: int) -> np.ndarray:
        above, below = self._above.day(day), self._below.day(day)
        rng = np.random.default_rng((*self._key, day))
        candles = np.empty((MINUTES_PER_DAY, 5))
        for column in (0, 3):
            candles[:, column] = above[:, column] / below[:, column] * self._units
        wick = np.abs(rng.normal(0, 0.0002, (2, MINUTES_PER_DAY)))
        candles[:, 1] = candles[:, [0, 3]].max(axis=1) * (1 + wick[0])
        candles[:, 2] = candles[:, [0, 3]].min(axis=1) * (1 - wick[1])
        candles[:, 4] = rng.gamma(2.0, 6.0, MINUTES_PER_DAY)
        return to_ticks_and_lots(candles, self._listing)


class FollowingHistory:
    """The underlying market's way at another venue: its own ticks, its own trades, times the basis of its quote."""

    def __init__(self, listing: Listing, underlying: History, units: Listing, seed: tuple[int, str]) -> None:
        self.first_minute = underlying.first_minute
        self._listing = listing
        self._underlying = underlying
        self._price_unit = float(units.tick_size * listing.basis)
        self._volume_unit = float(units.volume_step)
        number, venue = seed
        self._key = (number, zlib.crc32(f"{venue} {listing.symbol}".encode()))

    def day(self, day: int) -> np.ndarray:
        candles = self._underlying.day(day).astype(np.float64)
        candles[:, :4] *= self._price_unit
        share = np.random.default_rng((*self._key, day)).uniform(0.2, 0.6, MINUTES_PER_DAY)
        candles[:, 4] *= self._volume_unit * share
        return to_ticks_and_lots(candles, self._listing)


class CachedHistory:
    """Remembers the last days, for a history that several others are made of."""

    def __init__(self, history: History) -> None:
        self.first_minute = history.first_minute
        self._history = history
        self._days: OrderedDict[int, np.ndarray] = OrderedDict()

    def day(self, day: int) -> np.ndarray:
        if day not in self._days:
            self._days[day] = self._history.day(day)
            if len(self._days) > CACHED_DAYS:
                self._days.popitem(last=False)
        return self._days[day]


class CsvHistory:
    """Recorded candles, replayed. Before the file the market is not listed, after it the price stands
    still.

    Candles longer than a minute are spread over their minutes along the path open, extreme, extreme, close,
    so that the longer candles come out again exactly. Missing candles are flat and without volume.
    """

    def __init__(self, path: Path, listing: Listing) -> None:
        rows = read_candles(path)
        times = np.array([row[0] for row in rows], dtype=np.int64)
        length = int(np.diff(times).min()) // MINUTE_MS if len(times) > 1 else 1
        first = int(times[0]) // MINUTE_MS
        last = int(times[-1]) // MINUTE_MS + length
        candles = to_ticks_and_lots(np.array([row[1:] for row in rows]), listing)
        self.first_minute, self.last_minute = first, last
        self._minutes = np.zeros((last - first, 5), dtype=np.int64)
        filled = np.zeros(last - first, dtype=bool)
        for time, candle in zip(times, candles, strict=True):
            at = int(time) // MINUTE_MS - first
            self._minutes[at : at + length] = spread(candle, length)[: last - first - at]
            filled[at : at + length] = True
        for gap in np.flatnonzero(~filled):  # ascending, so a long gap stays at the close before it
            self._minutes[gap] = flat(int(self._minutes[gap - 1, 3]))

    def day(self, day: int) -> np.ndarray:
        start = day * MINUTES_PER_DAY - self.first_minute
        rows = np.tile(flat(int(self._minutes[-1, 3])), (MINUTES_PER_DAY, 1))
        if start < 0:
            rows[: min(-start, MINUTES_PER_DAY)] = flat(int(self._minutes[0, 0]))
        known = self._minutes[max(start, 0) : max(start + MINUTES_PER_DAY, 0)]
        offset = max(-start, 0)
        rows[offset : offset + len(known)] = known
        return rows


def to_ticks_and_lots(candles: np.ndarray, listing: Listing) -> np.ndarray:
    rows = np.empty(candles.shape, dtype=np.int64)
    rows[:, :4] = np.maximum(np.rint(candles[:, :4] / float(listing.tick_size)), 1)
    rows[:, 4] = np.rint(candles[:, 4] / float(listing.volume_step))
    return rows


def flat(price: int) -> np.ndarray:
    return np.array([price, price, price, price, 0], dtype=np.int64)


def spread(candle: np.ndarray, minutes: int) -> np.ndarray:
    """One candle as `minutes` one-minute candles whose open, high, low, close and volume add up to it."""
    opened, high, low, closed, volume = (int(value) for value in candle)
    if minutes < 3:
        rows = np.tile(flat(closed), (minutes, 1))
        rows[0] = candle
        return rows
    first, second = (low, high) if closed >= opened else (high, low)
    corners = [0, round(minutes / 3), round(minutes * 2 / 3), minutes]
    prices = np.rint(np.interp(np.arange(minutes + 1), corners, [opened, first, second, closed]))
    opens, closes = prices[:-1], prices[1:]
    parts = np.diff(np.arange(minutes + 1) * volume // minutes)
    columns = (opens, np.maximum(opens, closes), np.minimum(opens, closes), closes, parts)
    return np.column_stack(columns).astype(np.int64)


@dataclass(frozen=True)
class CsvError(ValueError):
    """A candle file that cannot be replayed; the sentence names the line."""

    message: str

    def __str__(self) -> str:
        return self.message


def read_candles(path: Path) -> list[tuple[float, ...]]:
    """Rows of open time (ms), open, high, low, close, volume, oldest first, from a CSV file."""
    wanted = ("open_time", "open", "high", "low", "close", "volume")
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in wanted if name not in (reader.fieldnames or [])]
        if missing:
            raise CsvError(f"{path} has no column {', '.join(missing)}")
        rows = [_read_row(path, reader.line_num, row) for row in reader]
    if not rows:
        raise CsvError(f"{path} holds no candle")
    for before, after in itertools.pairwise(rows):
        if after[0] <= before[0]:
            raise CsvError(f"{path}: the candles must be in the order of open_time, each once")
    return rows


def _read_row(path: Path, line: int, row: dict[str, str]) -> tuple[float, ...]:
    try:
        values = tuple(float(row[name]) for name in ("open", "high", "low", "close", "volume"))
        time = float(parse_time(row["open_time"]))
    except (TypeError, ValueError) as error:
        raise CsvError(f"{path}, line {line}: {error}") from error
    opened, high, low, closed, volume = values
    if not (0 < low <= min(opened, closed) and max(opened, closed) <= high and volume >= 0):
        raise CsvError(f"{path}, line {line}: not a candle (low, open, close and high must be in that order)")
    if time % MINUTE_MS:
        raise CsvError(f"{path}, line {line}: open_time must be on a full minute")
    return (time, *values)


def parse_time(text: str) -> int:
    """Milliseconds since 1970 from ISO 8601 (UTC where it names no zone), seconds or milliseconds."""
    text = text.strip()
    if text.replace(".", "", 1).isdigit():
        number = float(text)
        return int(number if number > 1e11 else number * 1000)
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
