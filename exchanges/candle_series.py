"""Candles from venues that hand them out by time range, publish none where nothing traded, or lack a length. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from exchanges.base import ZERO, Candle

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def closed_candles(
    fetch: Callable[[datetime, datetime], Iterable[Candle]],
    *,
    step: timedelta,
    now: datetime,
    limit: int,
    since: datetime | None,
    per_request: int,
    parts: int = 1,
) -> list[Candle]:
    """The last `limit` candles that are closed at `now`, or those of the first `limit` intervals from `since` on.

    `fetch(first, last)` brings the candles that open from `first` to `last`, both included and at most `per_request`
    intervals, in any order. `parts`: a venue without candles of length `step` has `fetch` bring that many shorter ones
    for each. Oldest first; an interval before the first trade has no candle.
    """
    newest = EPOCH + (now - EPOCH) // step * step - step
    first = newest - step * (limit - 1) if since is None else EPOCH - (EPOCH - since) // step * step
    last = newest if since is None else min(newest, first + step * (limit - 1))
    piece = step / parts
    end = last + step - piece
    found: dict[datetime, Candle] = {}
    while first <= end:
        stop = min(end, first + piece * (per_request - 1))
        found |= {candle.open_time: candle for candle in fetch(first, stop) if first <= candle.open_time <= stop}
        first = stop + piece
    candles = without_gaps((found[when] for when in sorted(found)), piece)
    return candles if parts == 1 else joined(candles, step)


def without_gaps(candles: Iterable[Candle], step: timedelta) -> list[Candle]:
    """Intervals between two candles in which nothing traded, as flat candles without volume.

    Only between two: the newest one may be missing because it is late.
    """
    filled: list[Candle] = []
    for candle in candles:
        while filled and filled[-1].open_time + step < candle.open_time:
            price = filled[-1].close
            filled.append(Candle(filled[-1].open_time + step, price, price, price, price, ZERO))
        filled.append(candle)
    return filled


def joined(candles: Iterable[Candle], step: timedelta) -> list[Candle]:
    """Longer candles of length `step` made from shorter ones, oldest first."""
    groups: dict[datetime, list[Candle]] = {}
    for candle in candles:
        groups.setdefault(EPOCH + (candle.open_time - EPOCH) // step * step, []).append(candle)
    return [
        Candle(
            open_time,
            group[0].open,
            max(candle.high for candle in group),
            min(candle.low for candle in group),
            group[-1].close,
            sum((candle.volume for candle in group), ZERO),
        )
        for open_time, group in groups.items()
    ]
