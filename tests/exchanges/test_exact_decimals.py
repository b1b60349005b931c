from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import FieldError
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Max, Min, Sum

from exchanges.models import Candle, ExchangeCredential, Instrument, PaperBalance

FIGURES = [
    "12345678.12345678",
    "0.00000001",
    "100",
    "100.10",
    "9",
    "-3.5",
    "-20",
    "0",
    "123456789012345678.123456789012",
    "0.000000000001",
    "1E+3",
]


@pytest.fixture
def instrument(db: None) -> Instrument:
    return Instrument.objects.create(
        exchange="BINANCE", symbol="BTC/USDT", venue_symbol="BTCUSDT", base="BTC", quote="USDT",
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip


def save_candles(instrument: Instrument, figures: list[str]) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for minute, figure in enumerate(figures):
        Candle.objects.create(
            instrument=instrument, timeframe="1m", open_time=start + timedelta(minutes=minute),
            open=Decimal(figure), high=1, low=1, close=1, volume=1,
        )  # fmt: skip


def test_figures_come_back_digit_for_digit(instrument: Instrument) -> None:
    save_candles(instrument, FIGURES)
    read = list(Candle.objects.order_by("open_time").values_list("open", flat=True))
    assert read == [Decimal(figure) for figure in FIGURES]
    assert sum(read) == sum(map(Decimal, FIGURES))


def test_order_comparison_and_extremes_are_those_of_numbers(instrument: Instrument) -> None:
    save_candles(instrument, FIGURES)
    read = list(Candle.objects.order_by("open").values_list("open", flat=True))
    assert read == sorted(map(Decimal, FIGURES))
    assert Candle.objects.filter(open__gt=Decimal(9)).count() == sum(Decimal(figure) > 9 for figure in FIGURES)
    assert Candle.objects.filter(open__lt=0).count() == 2
    assert Candle.objects.filter(open=Decimal("100.1000")).count() == 1
    assert Candle.objects.filter(open__in=[Decimal("1000.0"), 9]).count() == 2
    assert Candle.objects.filter(open__gt=F("high")).count() == sum(Decimal(figure) > 1 for figure in FIGURES)
    assert Candle.objects.aggregate(low=Min("open"), high=Max("open")) == {
        "low": Decimal(-20),
        "high": Decimal("123456789012345678.123456789012"),
    }


def test_bulk_update_is_exact(instrument: Instrument) -> None:
    save_candles(instrument, ["1", "2"])
    rows = list(Candle.objects.all())
    for row in rows:
        row.open += Decimal("12345678.12345678")
    Candle.objects.bulk_update(rows, ["open"])
    assert list(Candle.objects.order_by("open").values_list("open", flat=True)) == [
        Decimal("12345679.12345678"),
        Decimal("12345680.12345678"),
    ]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL computes exactly")
def test_what_sqlite_would_compute_in_floats_is_refused(instrument: Instrument) -> None:
    save_candles(instrument, ["12345678.12345678"])
    with pytest.raises(FieldError, match="floats"), transaction.atomic():
        Candle.objects.update(open=F("open") + 1)
    with pytest.raises(FieldError, match="floats"):
        Candle.objects.aggregate(total=Sum("open"))


def test_values_are_rounded_at_twelve_places(instrument: Instrument) -> None:
    save_candles(instrument, ["0.3333333333333333333", "0.0000000000005"])
    assert [row.open for row in Candle.objects.all()] == [Decimal("0.333333333333"), 0]


def test_a_figure_of_too_many_digits_is_refused(instrument: Instrument) -> None:
    with pytest.raises(ValueError, match="digits"):
        save_candles(instrument, ["1234567890123456789.5"])


def test_constraints_hold(subscriber: User) -> None:
    credential = ExchangeCredential.objects.create(user=subscriber, exchange="BINANCE", mode="paper")
    PaperBalance.objects.create(credential=credential, asset="USDT", free=Decimal("0.5"))
    with pytest.raises(IntegrityError), transaction.atomic():
        PaperBalance.objects.update(free=Decimal("-0.00000001"))
