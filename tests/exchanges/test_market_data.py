from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.core.cache import cache

from exchanges import market_data, services
from exchanges.base import Candle
from exchanges.errors import CandleNotReady, InvalidRequest, TransientExchangeError
from exchanges.models import Candle as CandleRow
from exchanges.models import Instrument
from tests.exchanges.conftest import MINUTE, MemoryVenue


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def instrument(venue: type[MemoryVenue], db: None) -> Instrument:
    for number in range(30):
        venue.add_candle("100", "101.5", "99", f"{100 + number}.25", volume="12345678.12345678")
    row = services.get_instrument(exchange="MEMORY", symbol="BTC/USDT")
    venue.requests.clear()
    return row


def fetch(
    instrument: Instrument, venue: type[MemoryVenue], limit: int = 20, until: datetime | None = None
) -> list[Candle]:
    until = until or market_data.latest_closed_open_time(venue.clock, "1m")
    return market_data.get_candles(instrument=instrument, timeframe="1m", limit=limit, until=until)


@pytest.mark.parametrize(
    ("now", "timeframe", "expected"),
    [
        ("2026-01-05 12:00:00", "1m", "2026-01-05 11:59:00"),
        ("2026-01-05 11:59:59.999", "1m", "2026-01-05 11:58:00"),
        ("2026-01-05 12:04:59", "5m", "2026-01-05 11:55:00"),
        ("2026-01-05 12:14:00", "15m", "2026-01-05 11:45:00"),
        ("2026-01-05 00:00:00", "1h", "2026-01-04 23:00:00"),
        ("2026-01-05 11:00:00", "4h", "2026-01-05 04:00:00"),
        ("2026-01-05 12:00:00", "1d", "2026-01-04 00:00:00"),
    ],
)
def test_the_latest_closed_candle(now: str, timeframe: str, expected: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    found = market_data.latest_closed_open_time(at, timeframe)
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_an_unknown_timeframe_names_its_field() -> None:
    with pytest.raises(InvalidRequest, match="7m") as caught:
        market_data.latest_closed_open_time(datetime.now(UTC), "7m")
    assert caught.value.field == "timeframe"


def test_a_cold_start_takes_one_request_and_the_next_look_none(
    instrument: Instrument, venue: type[MemoryVenue], django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(2):
        first = fetch(instrument, venue)
    assert venue.requests == ["candles"]
    with django_assert_num_queries(1):
        assert fetch(instrument, venue) == first
    assert venue.requests == ["candles"]
    assert [candle.open_time for candle in first] == [venue.clock - MINUTE * age for age in range(20, 0, -1)]
    assert first[-1].close == Decimal("129.25")
    assert first[-1].volume == Decimal("12345678.12345678")


def test_a_new_candle_costs_one_request_and_two_queries(
    instrument: Instrument, venue: type[MemoryVenue], django_assert_num_queries: Any
) -> None:
    fetch(instrument, venue)
    venue.add_candle("1", "2", "1", "2")
    with django_assert_num_queries(2):
        candles = fetch(instrument, venue)
    assert venue.requests == ["candles", "candles"]
    assert (len(candles), candles[-1].close) == (20, 2)
    assert CandleRow.objects.count() == 21


def test_a_gap_is_fetched_again(instrument: Instrument, venue: type[MemoryVenue]) -> None:
    complete = fetch(instrument, venue)
    CandleRow.objects.filter(open_time=complete[7].open_time).delete()
    assert fetch(instrument, venue) == complete
    assert venue.requests == ["candles", "candles"]
    assert CandleRow.objects.count() == 20


def test_what_the_venue_does_not_have_is_not_asked_for_again(instrument: Instrument, venue: type[MemoryVenue]) -> None:
    del venue.candles[20]
    first = fetch(instrument, venue, limit=50)  # of which the first 20 were before the listing
    assert len(first) == 29
    assert fetch(instrument, venue, limit=50) == first
    assert venue.requests == ["candles"]
    venue.add_candle("1", "2", "1", "2")
    assert len(fetch(instrument, venue, limit=50)) == 30
    assert venue.requests == ["candles", "candles"]


def test_a_candle_that_is_not_there_yet_says_so(instrument: Instrument, venue: type[MemoryVenue]) -> None:
    fetch(instrument, venue)
    with pytest.raises(CandleNotReady) as caught:
        fetch(instrument, venue, until=venue.clock)
    assert isinstance(caught.value, TransientExchangeError)
    venue.add_candle("1", "2", "1", "2")
    assert fetch(instrument, venue, until=venue.clock - MINUTE)[-1].close == 2


def test_a_late_candle_is_not_taken_for_one_that_never_was(instrument: Instrument, venue: type[MemoryVenue]) -> None:
    del venue.candles[20]
    for _ in range(2):
        with pytest.raises(CandleNotReady):
            fetch(instrument, venue, until=venue.clock)
    venue.add_candle("1", "2", "1", "2")
    assert fetch(instrument, venue)[-1].close == 2


def test_only_candles_up_to_the_one_asked_for(instrument: Instrument, venue: type[MemoryVenue]) -> None:
    until = venue.clock - 5 * MINUTE
    candles = fetch(instrument, venue, limit=3, until=until)
    assert [candle.open_time for candle in candles] == [until - 2 * MINUTE, until - MINUTE, until]
    assert CandleRow.objects.count() == 3


def test_somebody_else_may_have_stored_them_meanwhile(
    instrument: Instrument, venue: type[MemoryVenue], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = fetch(instrument, venue)
    CandleRow.objects.all().delete()
    usual = venue.get_candles

    def race(self: MemoryVenue, *args: Any, **options: Any) -> list[Candle]:
        monkeypatch.setattr(venue, "get_candles", usual)
        fetch(instrument, venue)
        return usual(self, *args, **options)

    monkeypatch.setattr(venue, "get_candles", race)
    assert fetch(instrument, venue) == expected
    assert CandleRow.objects.count() == 20


def test_arrays_for_bots(instrument: Instrument, venue: type[MemoryVenue]) -> None:
    times, values = market_data.candles_arrays(fetch(instrument, venue, limit=2))
    assert (times.dtype, times.shape) == (np.int64, (2,))
    assert (values.dtype, values.shape) == (np.float64, (2, 5))
    assert times[1] - times[0] == 60 * 10**9
    assert times[1] == int((venue.clock - MINUTE).timestamp()) * 10**9
    assert values[1].tolist() == [100, 101.5, 99, 129.25, 12345678.12345678]
    assert market_data.candles_arrays([])[1].shape == (0, 5)


def test_a_venue_that_is_down_is_said(instrument: Instrument, venue: type[MemoryVenue]) -> None:
    venue.is_down = True
    with pytest.raises(TransientExchangeError):
        fetch(instrument, venue)
    assert not CandleRow.objects.exists()
