"""Where prices come from, the way they take, and the candles of it."""

import itertools
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot_sdk.candles import MINUTES_PER_DAY
from exchanges.simulator.history import (
    DAY_MS,
    MINUTE_MS,
    CsvError,
    CsvHistory,
    RandomWalkHistory,
    parse_time,
    read_candles,
    spread,
)
from exchanges.simulator.listings import SPOT_LISTINGS
from exchanges.simulator.market import Market, gaps_and_moves
from exchanges.simulator.simulator import World, _markets

BTC = SPOT_LISTINGS["BTC/USDT"]
START = parse_time("2025-03-03T12:00:00Z")
FIRST_MINUTE = START // MINUTE_MS - 30 * MINUTES_PER_DAY


def market(seed: int = 7, first_minute: int = FIRST_MINUTE) -> Market:
    return Market(BTC, RandomWalkHistory(BTC, seed, first_minute))


# --- the random walk


def test_the_same_seed_gives_the_same_prices_whenever_the_market_was_listed():
    one, other = market(), market(first_minute=FIRST_MINUTE - 5 * MINUTES_PER_DAY)
    assert one.klines(1, START, limit=500) == other.klines(1, START, limit=500)
    assert one.price_at(START + 12_345) == other.price_at(START + 12_345)


def test_another_seed_or_symbol_gives_other_prices():
    assert market().klines(1, START, limit=5) != market(seed=8).klines(1, START, limit=5)
    eth = SPOT_LISTINGS["ETH/USDT"]
    changes = [np.diff(np.log(RandomWalkHistory(listing, 7, 0).day(20_000)[:, 3])) for listing in (BTC, eth)]
    assert abs(np.corrcoef(changes)[0, 1]) < 0.2


def test_prices_go_on_over_midnight_without_a_gap():
    history = RandomWalkHistory(BTC, 7, FIRST_MINUTE)
    for day in range(20_000, 20_010):
        assert history.day(day)[-1, 3] == history.day(day + 1)[0, 0]


def test_candles_are_candles():
    rows = RandomWalkHistory(BTC, 7, FIRST_MINUTE).day(20_000)
    assert (rows[:, 1] >= rows[:, [0, 3]].max(axis=1)).all()
    assert (rows[:, 2] <= rows[:, [0, 3]].min(axis=1)).all()
    assert (rows[1:, 0] == rows[:-1, 3]).all()
    assert (rows > 0).all()


def test_the_market_moves_as_much_as_a_real_one():
    daily = market(first_minute=FIRST_MINUTE - 700 * MINUTES_PER_DAY).klines(1440, START, limit=700)
    closes = np.array([float(candle.close) for candle in daily])
    assert 0.02 < np.diff(np.log(closes)).std() < 0.04
    assert 20_000 < closes.min() < closes.max() < 200_000


def test_the_cross_rate_agrees_with_the_two_markets():
    markets = _markets(World(seed=7, start_ms=START))["binance"]
    ratio = markets["ETH/USDT"].price_at(START) / markets["BTC/USDT"].price_at(START)
    assert abs(markets["ETH/BTC"].price_at(START) - ratio) <= Decimal("0.00001")


# --- candles


@pytest.mark.parametrize("minutes", [3, 5, 15, 60, 240, 1440, 3 * 1440, 7 * 1440])
def test_long_candles_are_made_of_short_ones(minutes):
    btc, now = market(), START + 7 * MINUTE_MS + 31_000
    long_ones = btc.klines(minutes, now, limit=3)
    ones = btc.klines(1, now, limit=4 * minutes)
    for candle in long_ones:
        parts = [one for one in ones if candle.open_ms <= one.open_ms <= candle.close_ms]
        assert candle.open == parts[0].open
        assert candle.close == parts[-1].close
        assert candle.high == max(part.high for part in parts)
        assert candle.low == min(part.low for part in parts)
        assert candle.volume == sum(part.volume for part in parts)
        assert candle.quote_volume == sum(part.quote_volume for part in parts)
        assert candle.trades == sum(part.trades for part in parts)


def test_weeks_begin_on_monday():
    (week,) = market().klines(7 * MINUTES_PER_DAY, START, limit=1)
    assert datetime.fromtimestamp(week.open_ms / 1000, UTC).isoweekday() == 1


def test_the_last_candle_is_the_one_in_progress():
    btc = market()
    begun = btc.klines(1, START + 30_000, limit=1)[0]
    done = btc.klines(1, START + 60_000, limit=2)[0]
    assert begun.open_ms == done.open_ms == START
    assert begun.open == done.open
    assert begun.close == btc.price_at(START + 30_000)
    assert done.low <= begun.low <= begun.high <= done.high
    assert 0 < begun.volume < done.volume
    just_opened = btc.klines(1, START, limit=1)[0]
    assert just_opened.open == just_opened.high == just_opened.low == just_opened.close
    assert just_opened.volume == 0


def test_candles_are_chosen_by_open_time():
    btc, now = market(), START
    first = START - 10 * MINUTE_MS

    def opens(**kwargs):
        return [candle.open_ms for candle in btc.klines(1, now, **kwargs)]

    assert opens(limit=3) == [START - 2 * MINUTE_MS, START - MINUTE_MS, START]
    assert opens(limit=3, start_ms=first) == [first, first + MINUTE_MS, first + 2 * MINUTE_MS]
    assert opens(limit=3, start_ms=first + 1)[0] == first + MINUTE_MS
    assert opens(limit=3, end_ms=first)[-1] == first
    assert opens(limit=9, start_ms=first, end_ms=first + MINUTE_MS) == [first, first + MINUTE_MS]
    assert opens(limit=9, start_ms=START + MINUTE_MS) == []
    assert opens(limit=9, end_ms=FIRST_MINUTE * MINUTE_MS - 1) == []
    assert opens(limit=1000, end_ms=FIRST_MINUTE * MINUTE_MS + 1) == [FIRST_MINUTE * MINUTE_MS]


# --- the way of the price


def test_highs_and_lows_are_really_visited():
    btc = market()
    for candle in btc.klines(1, START, limit=100)[:-1]:
        path = btc.path(candle.open_ms, candle.open_ms + MINUTE_MS)
        prices = [btc.price(vertex.ticks) for vertex in path]
        assert (prices[0], max(prices), min(prices), prices[-1]) == (
            candle.open,
            candle.high,
            candle.low,
            candle.close,
        )
        assert all(btc.price_at(v.ms) == btc.price(v.ticks) for v in path[:-1])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, MINUTE_MS), min_size=2, max_size=6, unique=True))
def test_pieces_of_a_path_join(instants):
    btc = market()
    instants = sorted(START + offset for offset in instants)
    joined = []
    for start, end in itertools.pairwise(instants):
        joined += btc.path(start, end)
    whole = btc.path(instants[0], instants[-1])
    assert {(v.ms, v.ticks) for v in whole} <= {(v.ms, v.ticks) for v in joined}
    assert max(v.ticks for v in joined) == max(v.ticks for v in whole)
    assert min(v.ticks for v in joined) == min(v.ticks for v in whole)


@settings(max_examples=60, deadline=None)
@given(st.integers(-300, 300), st.integers(0, 3000))
def test_the_search_for_a_price_finds_the_first_minute_that_comes_to_it(bps, offset):
    btc = market()
    start, end = START // MINUTE_MS + offset, START // MINUTE_MS + 3 * MINUTES_PER_DAY
    level = round(btc.ticks_at(start * MINUTE_MS) * (1 + bps / 10_000))
    candles = btc._minutes(start, end)
    for name, reaches in (
        ("falling_to", candles[:, 2] <= level),
        ("rising_to", candles[:, 1] >= level),
    ):
        wanted = {"falling_to": None, "rising_to": None, name: level}
        expected = start + int(reaches.argmax()) if reaches.any() else None
        assert btc.next_minute_reaching(start, end, **wanted) == expected


# --- forced prices


def test_a_forced_price_is_exact_and_the_market_goes_on_from_there():
    plain, btc = market(), market()
    now = START + 20_500
    btc.force_price(now, btc.ticks(Decimal("50000.01")))
    assert btc.price_at(now) == Decimal("50000.01")
    assert btc.price_at(now - 1) == plain.price_at(now - 1)
    later = START + 90 * MINUTE_MS
    factor = Decimal("50000.01") / plain.price_at(now)
    assert abs(btc.price_at(later) - plain.price_at(later) * factor) <= Decimal("0.02")


def test_a_candle_shows_a_forced_price_and_the_past_stays():
    plain, btc = market(), market()
    before = btc.klines(1, START, limit=50)[:-1]
    btc.force_price(START, btc.ticks(Decimal(40_000)))
    jump = btc.klines(1, START, limit=1)[0]
    assert (jump.open, jump.close, jump.low) == (plain.price_at(START), Decimal(40_000), Decimal(40_000))
    now = START + 10 * MINUTE_MS
    assert btc.klines(1, now, limit=60)[:49] == before
    following = btc.klines(1, now, limit=11)
    assert following[0].open == plain.price_at(START)
    for candle, after in itertools.pairwise(following):
        assert after.open == candle.close
        assert after.high < 45_000


def test_several_forced_prices_in_one_minute_all_show():
    btc = market()
    for offset, price in ((10_000, 50_000), (30_000, 80_000), (30_000, 60_000)):
        btc.force_price(START + offset, btc.ticks(Decimal(price)))
    assert btc.price_at(START + 30_000) == 60_000
    candle = btc.klines(1, START + MINUTE_MS, limit=2)[0]
    assert candle.high >= 80_000
    assert candle.low <= 50_000
    moves = list(gaps_and_moves(btc.path(START, START + MINUTE_MS)))
    assert sum(before == after for before, after in moves) == 3


def test_daily_candles_show_a_forced_price():
    btc = market()
    now = START
    btc.klines(1440, now, limit=10)
    btc.force_price(now, btc.ticks(Decimal(200_000)))
    tomorrow = now + DAY_MS
    today = btc.klines(1440, tomorrow, limit=2)[0]
    assert today.high >= 200_000
    minutes = btc.klines(1, tomorrow, limit=3000)
    of_today = [m for m in minutes if today.open_ms <= m.open_ms <= today.close_ms]
    assert today.high == max(minute.high for minute in of_today)


# --- recorded candles


def write(path: Path, *rows: str, head: str = "open_time,open,high,low,close,volume") -> Path:
    path.write_text("\n".join((head, *rows)) + "\n")
    return path


def test_recorded_minutes_come_out_as_they_went_in(tmp_path):
    file = write(
        tmp_path / "btc.csv",
        "2024-05-01T00:00:00Z,60000,60010.5,59990.25,60005,1.5",
        "2024-05-01 00:01:00,60005,60005,59900,59950.01,0.00002",
    )
    btc = Market(BTC, CsvHistory(file, BTC))
    start = parse_time("2024-05-01")
    first, second, flat = btc.klines(1, start + 2 * MINUTE_MS, limit=10)
    assert (first.open_ms, first.high, first.low, first.volume) == (
        start,
        Decimal("60010.50"),
        Decimal("59990.25"),
        Decimal("1.50000"),
    )
    assert (second.open, second.close, second.volume) == (60005, Decimal("59950.01"), Decimal("0.00002"))
    assert flat.close == second.close
    assert btc.price_at(start + 30 * DAY_MS) == second.close


def test_recorded_hours_come_out_exactly_and_minutes_lead_through_them(tmp_path):
    file = write(
        tmp_path / "btc.csv",
        "1714521600,60000,61000,59000,60500,120.5",
        "1714525200000,60500,60600,58000,58100,80",
        "2024-05-01T02:00:00+00:00,58200,58300,58100,58250,10",
    )
    btc = Market(BTC, CsvHistory(file, BTC))
    end = parse_time("2024-05-01T03:00:00")
    hours = btc.klines(60, end, limit=10)[:3]
    assert [(h.open, h.high, h.low, h.close, h.volume) for h in hours] == [
        (60000, 61000, 59000, 60500, Decimal("120.5")),
        (60500, 60600, 58000, 58100, 80),
        (58200, 58300, 58100, 58250, 10),
    ]
    minutes = btc.klines(1, end, limit=1000)
    assert len(minutes) == 181
    assert minutes[20].open == 59000  # rising hour: low first
    assert btc.first_minute == 1714521600 // 60


def test_missing_candles_are_flat(tmp_path):
    file = write(
        tmp_path / "btc.csv",
        "2024-05-01T00:00:00Z,60000,60000,60000,60000,1",
        "2024-05-01T00:01:00Z,60000,60100,60000,60100,1",
        "2024-05-01T00:05:00Z,61000,61000,61000,61000,1",
    )
    btc = Market(BTC, CsvHistory(file, BTC))
    gap = btc.klines(1, parse_time("2024-05-01T00:05:00Z"), limit=10)[2:5]
    assert {(candle.high, candle.low, candle.volume) for candle in gap} == {(60100, 60100, 0)}


@pytest.mark.parametrize("length", [1, 2, 3, 5, 15, 60, 1440])
def test_a_long_candle_is_spread_without_losing_anything(length):
    candle = np.array([100, 130, 90, 110, 1001], dtype=np.int64)
    rows = spread(candle, length)
    assert len(rows) == length
    assert (rows[0, 0], rows[:, 1].max(), rows[:, 2].min(), rows[-1, 3]) == (100, 130, 90, 110)
    assert rows[:, 4].sum() == 1001


@pytest.mark.parametrize(
    ("rows", "head", "message"),
    [
        ((), None, "holds no candle"),
        (("2024-05-01,1,1,1,1",), "open_time,open,high,low,close", "no column volume"),
        (("2024-05-01,1,x,1,1,1",), None, "line 2"),
        (("yesterday,1,1,1,1,1",), None, "line 2"),
        (("2024-05-01,10,9,8,9,1",), None, "not a candle"),
        (("2024-05-01T00:00:30,1,1,1,1,1",), None, "full minute"),
        (("2024-05-02,1,1,1,1,1", "2024-05-01,1,1,1,1,1"), None, "in the order"),
    ],
)
def test_a_file_that_holds_no_candles_is_refused_by_line(tmp_path, rows, head, message):
    kwargs = {} if head is None else {"head": head}
    with pytest.raises(CsvError, match=message):
        read_candles(write(tmp_path / "bad.csv", *rows, **kwargs))
