"""One market: what the price is at any instant, the way it took, and the candles of it.

Prices are whole ticks here and become Decimals at the edge (`price`). Within a minute the price walks in
straight lines through the four prices of its candle, a third of the minute each, so that highs and lows are
really visited. A price forced by hand multiplies everything from that instant on.
"""

from __future__ import annotations

import bisect
import itertools
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import numpy as np

from bot_sdk.candles import MINUTES_PER_DAY
from exchanges.simulator.history import CACHED_DAYS, MINUTE_MS, History
from exchanges.simulator.listings import Listing

CORNERS_MS = (0, MINUTE_MS // 3, MINUTE_MS * 2 // 3, MINUTE_MS)
AVERAGE_MINUTES = 5  # avgPriceMins of the venue's filters
WEEK_OFFSET_MINUTES = -3 * MINUTES_PER_DAY  # weeks begin on Monday; 1970-01-01 was a Thursday


@dataclass(frozen=True, slots=True)
class Vertex:
    """The price at an instant. Two at the same instant are a gap: nothing traded in between."""

    ms: int
    ticks: int


@dataclass(frozen=True, slots=True)
class Kline:
    """A candle with the figures that venues give with it. Prices and quantities as Decimals."""

    open_ms: int
    close_ms: int  # the last millisecond that belongs to it
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    trades: int
    taker_volume: Decimal
    taker_quote_volume: Decimal


class Market:
    def __init__(self, listing: Listing, history: History) -> None:
        self.listing = listing
        self.first_minute = history.first_minute
        self._history = history
        self._days: OrderedDict[int, np.ndarray] = OrderedDict()
        self._day_rows: dict[int, np.ndarray] = {}  # daily candles of days that are over
        self._forced: list[tuple[int, float]] = []  # (from when on, factor), oldest first

    # --- prices
    def price(self, ticks: int) -> Decimal:
        return int(ticks) * self.listing.tick_size

    def ticks(self, price: Decimal) -> int:
        return int((price / self.listing.tick_size).to_integral_value())

    def ticks_above(self, price: Decimal) -> int:
        return int((price / self.listing.tick_size).to_integral_value(ROUND_CEILING))

    def ticks_below(self, price: Decimal) -> int:
        return int((price / self.listing.tick_size).to_integral_value(ROUND_FLOOR))

    def ticks_at(self, ms: int) -> int:
        return max(1, round(self._raw_at(ms) * self._factor_at(ms)))

    def price_at(self, ms: int) -> Decimal:
        return self.price(self.ticks_at(ms))

    def average_price(self, ms: int) -> Decimal:
        """Over the last five minutes, weighted by volume where there is any."""
        minute = ms // MINUTE_MS
        rows = self._rows(max(minute - AVERAGE_MINUTES + 1, self.first_minute), minute + 1, ms)
        volume, turnover = int(rows[:, 4].sum()), int(rows[:, 5].sum())
        if volume == 0:
            return self.price_at(ms)
        return Decimal(turnover) / Decimal(volume) * self.listing.tick_size

    def force_price(self, ms: int, ticks: int) -> float:
        """From `ms` on the price is as if it had jumped to `ticks` there. Returns the factor, to be kept."""
        factor = ticks / self._raw_at(ms)
        self.add_forced(ms, factor)
        return factor

    def add_forced(self, ms: int, factor: float) -> None:
        if self._forced and ms < self._forced[-1][0]:
            raise ValueError("prices can only be forced later than the last forced one")
        self._forced.append((ms, factor))

    # --- the way of the price
    def path(self, start_ms: int, end_ms: int) -> list[Vertex]:
        """From where the price stands at `start_ms` to `end_ms`, within one minute."""
        minute = start_ms // MINUTE_MS
        if end_ms > (minute + 1) * MINUTE_MS:
            raise ValueError("a path lies within one minute")
        inside = [v for v in self._minute_path(minute) if start_ms < v.ms < end_ms]
        last = self._ticks_before(end_ms)
        return [Vertex(start_ms, self.ticks_at(start_ms)), *inside, Vertex(end_ms, last)]

    def next_minute_reaching(
        self, start_minute: int, end_minute: int, *, falling_to: int | None, rising_to: int | None
    ) -> int | None:
        """The first minute before `end_minute` whose candle comes to one of the prices (ticks), or None."""
        minute = start_minute
        while minute < end_minute:
            stop = min(end_minute, (minute // MINUTES_PER_DAY + 1) * MINUTES_PER_DAY)
            candles = self._minutes(minute, stop)
            hit = np.zeros(len(candles), dtype=bool)
            if falling_to is not None:
                hit |= candles[:, 2] <= falling_to
            if rising_to is not None:
                hit |= candles[:, 1] >= rising_to
            if hit.any():
                return minute + int(hit.argmax())
            minute = stop
        return None

    def range_between(self, start_ms: int, end_ms: int) -> tuple[Decimal, Decimal]:
        """Lowest and highest price of the minutes that the two instants touch."""
        candles = self._minutes(start_ms // MINUTE_MS, end_ms // MINUTE_MS + 1)
        return self.price(candles[:, 2].min()), self.price(candles[:, 1].max())

    # --- candles
    def klines(
        self,
        interval_minutes: int,
        now_ms: int,
        *,
        limit: int,
        start_ms: int | None = None,
        end_ms: int | None = None,
    ) -> list[Kline]:
        """Candles whose open time lies within [start_ms, end_ms], oldest first.

        The last one may be in progress. With a start the first `limit` from there, else the last `limit`.
        """
        offset = WEEK_OFFSET_MINUTES if interval_minutes == 7 * MINUTES_PER_DAY else 0

        def bucket(minute: int) -> int:
            return (minute - offset) // interval_minutes

        last = bucket(now_ms // MINUTE_MS)
        if end_ms is not None:
            last = min(last, bucket(end_ms // MINUTE_MS))
        first = bucket(self.first_minute)
        if start_ms is not None:
            opening_minute = -(-start_ms // MINUTE_MS)
            first = max(first, -(-(opening_minute - offset) // interval_minutes))
            last = min(last, first + limit - 1)
        first = max(first, last - limit + 1)
        if last < first:
            return []
        start_minute = first * interval_minutes + offset
        end_minute = (last + 1) * interval_minutes + offset
        rows, minutes = self._rows_for(interval_minutes, start_minute, end_minute, now_ms)
        if not len(rows):
            return []
        buckets = (minutes - offset) // interval_minutes
        starts = np.flatnonzero(np.diff(buckets, prepend=buckets[0] - 1))
        return [
            self._kline(int(number) * interval_minutes + offset, interval_minutes, row)
            for number, row in zip(buckets[starts], _aggregate(rows, starts), strict=True)
        ]

    def window(self, now_ms: int, minutes: int) -> Kline:
        """The last `minutes` up to now as one candle."""
        minute = now_ms // MINUTE_MS
        rows = self._rows(max(minute - minutes + 1, self.first_minute), minute + 1, now_ms)
        return self._kline(minute - minutes + 1, minutes, _aggregate(rows, np.array([0]))[0])

    def _rows_for(
        self, interval_minutes: int, start_minute: int, end_minute: int, now_ms: int
    ) -> tuple[np.ndarray, np.ndarray]:
        start_minute = max(start_minute, self.first_minute)
        end_minute = min(end_minute, now_ms // MINUTE_MS + 1)
        if interval_minutes < MINUTES_PER_DAY:
            return self._rows(start_minute, end_minute, now_ms), np.arange(start_minute, end_minute)
        days = range(start_minute // MINUTES_PER_DAY, -(-end_minute // MINUTES_PER_DAY))
        rows = np.concatenate([self._day_row(day, now_ms) for day in days])
        return rows, np.array(days) * MINUTES_PER_DAY

    def _day_row(self, day: int, now_ms: int) -> np.ndarray:
        if day in self._day_rows:
            return self._day_rows[day]
        start, end = day * MINUTES_PER_DAY, (day + 1) * MINUTES_PER_DAY
        is_over = end * MINUTE_MS <= now_ms
        end = min(end, now_ms // MINUTE_MS + 1)
        row = _aggregate(self._rows(max(start, self.first_minute), end, now_ms), np.array([0]))
        if is_over:  # what is past cannot be forced any more
            self._day_rows[day] = row
        return row

    def _rows(self, start_minute: int, end_minute: int, now_ms: int) -> np.ndarray:
        """One-minute rows open, high, low, close, volume, turnover, trades; the running minute up to now."""
        candles = self._minutes(start_minute, end_minute)
        current = now_ms // MINUTE_MS
        if start_minute <= current < end_minute:
            candles = candles[: current - start_minute + 1]
            candles[-1] = self._candle_in_progress(current, now_ms, int(candles[-1, 4]))
        turnover = candles[:, :4].sum(axis=1) // 4 * candles[:, 4]
        trades = np.where(candles[:, 4] > 0, 1 + candles[:, 4] % 499, 0)
        return np.column_stack((candles, turnover, trades))

    def _candle_in_progress(self, minute: int, now_ms: int, volume: int) -> tuple[int, int, int, int, int]:
        start_ms = minute * MINUTE_MS
        prices = [v.ticks for v in self._minute_path(minute) if v.ms <= now_ms] + [self.ticks_at(now_ms)]
        done = volume * (now_ms - start_ms) // MINUTE_MS
        return prices[0], max(prices), min(prices), prices[-1], done

    def _kline(self, open_minute: int, minutes: int, row: np.ndarray) -> Kline:
        tick, lot = self.listing.tick_size, self.listing.volume_step
        opened, high, low, closed, volume, turnover, trades = (int(value) for value in row)
        return Kline(
            open_ms=open_minute * MINUTE_MS,
            close_ms=(open_minute + minutes) * MINUTE_MS - 1,
            open=opened * tick,
            high=high * tick,
            low=low * tick,
            close=closed * tick,
            volume=volume * lot,
            quote_volume=turnover * tick * lot,
            trades=trades,
            taker_volume=volume // 2 * lot,
            taker_quote_volume=turnover // 2 * tick * lot,
        )

    # --- minutes
    def _base_day(self, day: int) -> np.ndarray:
        """The day as its history has it, without forced prices."""
        if day in self._days:
            self._days.move_to_end(day)
        else:
            self._days[day] = self._history.day(day)
            if len(self._days) > CACHED_DAYS:
                self._days.popitem(last=False)
        return self._days[day]

    def _minutes(self, start_minute: int, end_minute: int) -> np.ndarray:
        """Whole one-minute candles, int64 (n, 5), with forced prices applied; a copy."""
        parts = [np.empty((0, 5), dtype=np.int64)]
        for day in range(start_minute // MINUTES_PER_DAY, -(-end_minute // MINUTES_PER_DAY)):
            start = max(start_minute - day * MINUTES_PER_DAY, 0)
            parts.append(self._base_day(day)[start : end_minute - day * MINUTES_PER_DAY])
        candles = np.concatenate(parts)
        for index, (from_ms, factor) in enumerate(self._forced):
            # The prices of one stretch replace those of the stretch before: each is a multiple of the base.
            begin = max(-(-from_ms // MINUTE_MS) - start_minute, 0)
            following = self._forced[index + 1][0] if index + 1 < len(self._forced) else None
            stop = len(candles) if following is None else following // MINUTE_MS - start_minute
            if begin < min(stop, len(candles)):
                scaled = np.rint(candles[begin:stop, :4] * factor).astype(np.int64)
                candles[begin:stop, :4] = np.maximum(scaled, 1)
        for minute in {ms // MINUTE_MS for ms, _ in self._forced}:
            if start_minute <= minute < end_minute:
                prices = [vertex.ticks for vertex in self._minute_path(minute)]
                candles[minute - start_minute, :4] = prices[0], max(prices), min(prices), prices[-1]
        return candles

    def _base_corners(self, minute: int) -> list[tuple[int, int]]:
        """The four prices of the minute's candle and when the price is there."""
        row = self._base_day(minute // MINUTES_PER_DAY)[minute % MINUTES_PER_DAY]
        opened, high, low, closed = (int(value) for value in row[:4])
        extremes = (low, high) if closed >= opened else (high, low)
        prices = (opened, *extremes, closed)
        return [(minute * MINUTE_MS + offset, price) for offset, price in zip(CORNERS_MS, prices, strict=True)]

    def _minute_path(self, minute: int) -> list[Vertex]:
        """The corners of the minute with forced prices: two vertices at the instant of each jump."""
        start_ms, end_ms = minute * MINUTE_MS, (minute + 1) * MINUTE_MS
        factor = self._factor_before(start_ms)
        jumps = [(ms, f) for ms, f in self._forced if start_ms <= ms < end_ms]
        path: list[Vertex] = []
        for ms, raw in self._base_corners(minute):
            while jumps and jumps[0][0] < ms:
                factor = self._jump(path, jumps.pop(0), factor)
            path.append(Vertex(ms, max(1, round(raw * factor))))
            while jumps and jumps[0][0] == ms:
                factor = self._jump(path, jumps.pop(0), factor)
        return path

    def _jump(self, path: list[Vertex], jump: tuple[int, float], factor: float) -> float:
        ms, new_factor = jump
        raw = self._raw_at(ms)
        for multiple in (factor, new_factor):
            vertex = Vertex(ms, max(1, round(raw * multiple)))
            if not path or path[-1] != vertex:
                path.append(vertex)
        return new_factor

    def _raw_at(self, ms: int) -> float:
        """The price in ticks, not yet rounded, without forced prices."""
        corners = self._base_corners(ms // MINUTE_MS)
        for (ms_a, a), (ms_b, b) in itertools.pairwise(corners):
            if ms <= ms_b:
                return a + (b - a) * (ms - ms_a) / (ms_b - ms_a)
        raise AssertionError("the corners cover the minute")

    def _ticks_before(self, ms: int) -> int:
        """The price just before `ms`: at the end of a minute its close, before a jump what it jumps from."""
        at = ms - 1
        corners = self._base_corners(at // MINUTE_MS)
        factor = self._factor_before(ms)
        raw = float(corners[-1][1]) if ms == corners[-1][0] else self._raw_at(ms)
        return max(1, round(raw * factor))

    def _factor_at(self, ms: int) -> float:
        """The factor that holds from `ms` on."""
        index = bisect.bisect_right(self._forced, ms, key=lambda entry: entry[0])
        return self._forced[index - 1][1] if index else 1.0

    def _factor_before(self, ms: int) -> float:
        index = bisect.bisect_left(self._forced, ms, key=lambda entry: entry[0])
        return self._forced[index - 1][1] if index else 1.0


def _aggregate(rows: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Join rows into longer candles, each beginning at one of `starts`."""
    ends = np.append(starts[1:], len(rows)) - 1
    return np.column_stack(
        (
            rows[starts, 0],
            np.maximum.reduceat(rows[:, 1], starts),
            np.minimum.reduceat(rows[:, 2], starts),
            rows[ends, 3],
            np.add.reduceat(rows[:, 4], starts),
            np.add.reduceat(rows[:, 5], starts),
            np.add.reduceat(rows[:, 6], starts),
        )
    )


def gaps_and_moves(path: list[Vertex]) -> Iterator[tuple[Vertex, Vertex]]:
    """The stretches of a path; a gap comes as one where both ends are where the price lands."""
    for before, after in itertools.pairwise(path):
        yield (after, after) if before.ms == after.ms else (before, after)
