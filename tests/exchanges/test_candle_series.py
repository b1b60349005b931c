from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from exchanges.base import Candle
from exchanges.candle_series import closed_candles, joined, without_gaps

MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def candle(minute: int, *, volume: str = "1") -> Candle:
    price = Decimal(100 + minute)
    return Candle(NOON + minute * MINUTE, price, price + 5, price - 5, price + 1, Decimal(volume))


class Market:
    """One candle a minute from noon on, but for `quiet` minutes; hands them out newest first."""

    def __init__(self, quiet: tuple[int, ...] = ()) -> None:
        self.quiet = quiet
        self.asked: list[tuple[datetime, datetime]] = []

    def fetch(self, first: datetime, last: datetime) -> list[Candle]:
        self.asked.append((first, last))
        minutes = range((first - NOON) // MINUTE, (last - NOON) // MINUTE + 2)  # one more than was asked for
        return [candle(minute) for minute in reversed(minutes) if minute >= 0 and minute not in self.quiet]

    def get(self, *, now: datetime, limit: int, since: datetime | None = None, parts: int = 1) -> list[Candle]:
        return closed_candles(
            self.fetch, step=MINUTE * parts, now=now, limit=limit, since=since, per_request=10, parts=parts
        )


def opens(candles: list[Candle]) -> list[int]:
    return [(each.open_time - NOON) // MINUTE for each in candles]


def test_the_last_ones_are_closed_and_in_order() -> None:
    assert opens(Market().get(now=NOON + 30.5 * MINUTE, limit=3)) == [27, 28, 29]
    assert opens(Market().get(now=NOON + 30 * MINUTE, limit=1)) == [29]


def test_from_a_time_on_it_is_the_first_ones() -> None:
    now = NOON + 30 * MINUTE
    assert opens(Market().get(now=now, limit=3, since=NOON + 5 * MINUTE)) == [5, 6, 7]
    assert opens(Market().get(now=now, limit=3, since=NOON + 4.5 * MINUTE)) == [5, 6, 7]
    assert opens(Market().get(now=now, limit=10, since=NOON + 27 * MINUTE)) == [27, 28, 29]
    assert Market().get(now=now, limit=10, since=now) == []


def test_more_than_a_request_brings_is_asked_for_in_pages_that_do_not_overlap() -> None:
    market = Market()
    assert opens(market.get(now=NOON + 40 * MINUTE, limit=25)) == list(range(15, 40))
    pages = [(opens([candle((first - NOON) // MINUTE)])[0], (last - NOON) // MINUTE) for first, last in market.asked]
    assert pages == [(15, 24), (25, 34), (35, 39)]


def test_a_minute_without_a_trade_between_two_candles_is_flat() -> None:
    found = Market(quiet=(6, 7)).get(now=NOON + 10 * MINUTE, limit=5)
    assert opens(found) == [5, 6, 7, 8, 9]
    assert found[1] == found[2].__class__(NOON + 6 * MINUTE, *[found[0].close] * 4, Decimal(0))
    assert found[2].open == found[0].close


def test_what_is_missing_at_the_end_may_be_late_and_before_the_first_trade_there_is_nothing() -> None:
    assert opens(Market(quiet=(9,)).get(now=NOON + 10 * MINUTE, limit=3)) == [7, 8]
    assert opens(Market().get(now=NOON + 2 * MINUTE, limit=5)) == [0, 1]
    assert without_gaps([], MINUTE) == []


def test_longer_candles_are_made_of_shorter_ones() -> None:
    found = joined([candle(0), candle(1, volume="2"), candle(2), candle(3)], MINUTE * 4)
    assert found == [Candle(NOON, Decimal(100), Decimal(108), Decimal(95), Decimal(104), Decimal(5))]


def test_a_longer_candle_is_closed_when_all_of_it_is() -> None:
    found = Market().get(now=NOON + 11.5 * MINUTE, limit=2, parts=4)
    assert opens(found) == [0, 4]
    assert [each.volume for each in found] == [4, 4]
    assert opens(Market().get(now=NOON + 20 * MINUTE, limit=2, since=NOON + 3 * MINUTE, parts=4)) == [4, 8]
