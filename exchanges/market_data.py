"""Candles: fetched once per market, kept in the database, shared by every bot that looks at that market."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from django.core.cache import cache

from exchanges import base, models
from exchanges.base import TIMEFRAMES
from exchanges.errors import CandleNotReady, InvalidRequest
from exchanges.services import open_public_exchange

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# How long a candle that the venue itself does not have (before a listing, in an outage) is not asked for again.
ABSENT_SECONDS = 3600


def timeframe_step(timeframe: str) -> timedelta:
    try:
        return TIMEFRAMES[timeframe]
    except KeyError:
        raise InvalidRequest(
            f"There is no timeframe “{timeframe}”; write one of {', '.join(TIMEFRAMES)}.", field="timeframe"
        ) from None


def latest_closed_open_time(server_time: datetime, timeframe: str) -> datetime:
    """The open time of the newest candle that is closed at `server_time`."""
    step = timeframe_step(timeframe)
    return EPOCH + (server_time - EPOCH) // step * step - step


def get_candles(*, instrument: models.Instrument, timeframe: str, limit: int, until: datetime) -> list[base.Candle]:
    """The last `limit` closed candles, oldest first, ending with the one that opened at `until`.

    One query, and where something is missing one request to the venue and one insert. Candles that the venue does not
    have are left out. CandleNotReady if the last one is not there yet.
    """
    step = timeframe_step(timeframe)
    wanted = [until - step * age for age in reversed(range(limit))]
    rows = models.Candle.objects.filter(
        instrument=instrument, timeframe=timeframe, open_time__gte=wanted[0], open_time__lte=until
    )
    candles = {row.open_time: row.value() for row in rows}
    missing = _missing(instrument, timeframe, wanted, candles)
    if missing:
        candles |= _fetch(instrument, timeframe, since=missing[0], until=until)
        _remember_absent(instrument, timeframe, [when for when in missing if when not in candles], until)
    if until not in candles:
        raise CandleNotReady(
            f"{instrument.exchange} has not published the {timeframe} candle of {until:%Y-%m-%d %H:%M} UTC yet.",
            exchange=instrument.exchange,
            operation="get_candles",
        )
    return [candles[when] for when in wanted if when in candles]


def _missing(
    instrument: models.Instrument,
    timeframe: str,
    wanted: list[datetime],
    candles: dict[datetime, base.Candle],
) -> list[datetime]:
    missing = [when for when in wanted if when not in candles]
    if missing in ([], wanted[-1:]):  # the usual case, only the newest: spare the look into the cache
        return missing
    absent = set(cache.get(_absent_key(instrument, timeframe), ()))
    return [when for when in missing if when not in absent]


def _fetch(
    instrument: models.Instrument, timeframe: str, *, since: datetime, until: datetime
) -> dict[datetime, base.Candle]:
    count = (until - since) // timeframe_step(timeframe) + 1
    with open_public_exchange(exchange=instrument.exchange, market_type=instrument.market_type) as exchange:
        fetched = exchange.get_candles(instrument.symbol, timeframe, since=since, limit=count)
    models.Candle.objects.bulk_create(
        (
            models.Candle(
                instrument=instrument,
                timeframe=timeframe,
                open_time=candle.open_time,
                open=candle.open,
                high=candle.high,
                low=candle.low,
                close=candle.close,
                volume=candle.volume,
            )
            for candle in fetched
        ),
        ignore_conflicts=True,
    )
    return {candle.open_time: candle for candle in fetched}


def _remember_absent(instrument: models.Instrument, timeframe: str, absent: list[datetime], until: datetime) -> None:
    """Not the newest one: that is only late."""
    past = [when for when in absent if when < until]
    if past:
        cache.set(_absent_key(instrument, timeframe), past, ABSENT_SECONDS)


def _absent_key(instrument: models.Instrument, timeframe: str) -> str:
    return f"absent-candles:{instrument.pk}:{timeframe}"


def candles_arrays(candles: Sequence[base.Candle]) -> tuple[np.ndarray, np.ndarray]:
    """Open times as int64 nanoseconds since 1970, shape (n,), and open, high, low, close, volume as float64, (n, 5)."""
    microsecond = timedelta(microseconds=1)
    times = np.array([(candle.open_time - EPOCH) // microsecond * 1000 for candle in candles], dtype=np.int64)
    values = np.array(
        [(candle.open, candle.high, candle.low, candle.close, candle.volume) for candle in candles],
        dtype=np.float64,
    ).reshape(len(candles), 5)
    return times, values
