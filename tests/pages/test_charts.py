"""The data behind the charts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.test import Client

from exchanges.models import Instrument
from subscriptions import charts
from subscriptions.models import EquityPoint, Subscription
from tests.pages.conftest import HOUR, START, add_candles, add_order, add_trades, open_position

Make = Callable[..., Subscription]


def seconds(hours: int) -> int:
    return int((START + HOUR * hours).timestamp())


def test_without_candles_there_is_nothing_and_no_error(make_subscription: Make) -> None:
    assert charts.candle_chart(make_subscription()) == {
        "candles": [],
        "marks": [],
        "stop_loss": None,
        "take_profit": None,
        "tick_size": None,
    }


def test_the_last_500_candles_oldest_first(make_subscription: Make, btc_usdt: Instrument) -> None:
    add_candles(btc_usdt, 510)
    data = charts.candle_chart(make_subscription())
    assert len(data["candles"]) == 500
    assert data["candles"][0] == {"time": seconds(10), "open": 1000, "high": 1010, "low": 990, "close": 1005}
    assert data["tick_size"] == 0.01


def test_marks_stand_at_the_candle_of_the_fill_and_exits_carry_their_result(
    make_subscription: Make, btc_usdt: Instrument
) -> None:
    add_candles(btc_usdt, 20)
    subscription = make_subscription()
    add_trades(subscription, 1)
    add_order(subscription, 7, "STOP_LOSS", "980", START + HOUR * 5 + HOUR / 2)
    add_order(subscription, 8, "ENTRY", "990", START - HOUR)  # before the first candle shown
    assert charts.candle_chart(subscription)["marks"] == [
        {"time": seconds(0), "kind": "entry", "side": "BUY", "price": 1000, "pnl": ""},
        {"time": seconds(1), "kind": "exit", "side": "SELL", "price": 1100, "pnl": "+9.80"},
        {"time": seconds(5), "kind": "stop", "side": "SELL", "price": 980, "pnl": ""},
    ]


def test_the_promised_stop_is_a_level_while_something_is_held(make_subscription: Make, btc_usdt: Instrument) -> None:
    subscription = make_subscription()
    open_position(subscription)
    assert charts.candle_chart(subscription)["stop_loss"] == 980


def test_equity_with_its_capital_one_point_a_second(make_subscription: Make) -> None:
    subscription = make_subscription()
    for microsecond, equity in ((1, "999"), (2, "998.5")):
        EquityPoint.objects.create(
            subscription=subscription, time=START.replace(microsecond=microsecond), equity=Decimal(equity)
        )
    data = charts.equity_chart(subscription)
    assert data == {"points": [{"time": seconds(0), "value": 998.5}], "capital": 1000, "decimals": 2}


def test_thinning_keeps_ends_peaks_and_troughs() -> None:
    points = [(number, Decimal(number % 7)) for number in range(10_000)]
    points[1234] = (1234, Decimal(-50))
    points[8765] = (8765, Decimal(99))
    thinned = charts.thin(points, 500)
    assert len(thinned) <= 502
    assert {points[0], points[1234], points[8765], points[-1]} <= set(thinned)
    assert thinned == sorted(thinned)
    assert charts.thin(points[:500], 500) == points[:500]


@pytest.mark.parametrize("name", ["candles.json", "equity.json"])
def test_the_addresses_answer_the_owner(subscriber: User, make_subscription: Make, name: str) -> None:
    client = Client()
    client.force_login(subscriber)
    answer = client.get(f"/subscriptions/{make_subscription().pk}/{name}")
    assert answer.headers["Content-Type"] == "application/json"
    assert "no-store" in answer.headers["Cache-Control"]
