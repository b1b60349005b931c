"""Numbers, amounts and times as pages write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from subscriptions.templatetags import numbers


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        ("1234.5", "USDT", "1,234.50"),
        ("-1234567.891", "USDT", "−1,234,567.89"),
        ("0", "USDT", "0.00"),
        ("0.004", "USDT", "0.004"),
        ("-0.000001", "USDT", "−0.000001"),
        ("0.12345678", "BTC", "0.12345678"),
        ("2", "BTC", "2.00"),
    ],
)
def test_money(value: str, unit: str, expected: str) -> None:
    assert numbers.amount_text(Decimal(value), unit) == expected


def test_money_with_its_unit_sign_and_every_digit_on_hover() -> None:
    html = numbers.money(Decimal("-3.14159"), "USDT", sign=True)
    assert "−3.14" in html
    assert "USDT" in html
    assert 'title="−3.14159 USDT"' in html
    assert "loss" in html
    assert "gain" in numbers.money(Decimal(3), "USDT", sign=True)
    assert "gain" not in numbers.money(Decimal(3), "USDT")


@pytest.mark.parametrize(
    "tag",
    [
        lambda e: numbers.money(None, "USDT", empty=e),
        lambda e: numbers.percent(None, empty=e),
        lambda e: numbers.ago(None, empty=e),
        lambda e: numbers.day(None, empty=e),
        lambda e: numbers.moment(None, empty=e),
    ],
)
def test_what_is_not_known_is_a_dash_with_its_reason(tag: Any) -> None:
    html = tag("no <trade> yet")
    assert "—" in html
    assert 'title="no &lt;trade&gt; yet"' in html
    assert "0" not in html


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("65000", "65,000.00"),
        ("65000.3333333333", "65,000.33"),
        ("218.35", "218.35"),
        ("0.00001234", "0.00001234"),
        (None, ""),
    ],
)
def test_price(value: str | None, expected: str) -> None:
    assert numbers.price(Decimal(value) if value else None) == expected


def test_quantity() -> None:
    assert numbers.quantity(Decimal("0.0159000000")) == "0.0159"
    assert numbers.quantity(Decimal("0.0159"), 5) == "0.01590"
    assert numbers.quantity(Decimal("1200")) == "1,200"
    assert numbers.quantity(None) == ""


@pytest.mark.parametrize(("step", "decimals"), [("0.00001", 5), ("1", 0), ("10", 0), ("0.50", 1), ("0", 0)])
def test_decimals_of_a_step(step: str, decimals: int) -> None:
    assert numbers.decimals_of(Decimal(step)) == decimals


def test_percent() -> None:
    assert "+1.50" in numbers.percent(1.5, sign=True)
    assert "−0.25" in numbers.percent("-0.25")


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(seconds=5, milliseconds=1), "5 s ago"),
        (timedelta(minutes=5), "5\xa0minutes ago"),
        (timedelta(hours=3, minutes=20), "3\xa0hours ago"),
        (timedelta(days=3), "3\xa0days ago"),
    ],
)
def test_time_that_passed(age: timedelta, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: now)
    html = numbers.ago(now - age)
    assert f">{expected}<" in html
    assert f'title="{now - age:%Y-%m-%d %H:%M:%S} UTC"' in html


def test_a_time_long_ago_or_yet_to_come_is_a_date(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: now)
    assert ">1 May 12:00<" in numbers.ago(now - timedelta(days=31))
    assert ">1 Jun 13:00<" in numbers.ago(now + timedelta(hours=1))
    assert ">1 Jun 2025 12:00<" in numbers.moment(now - timedelta(days=365))
    assert ">1 Jun 2026<" in numbers.day(now)


def test_duration() -> None:
    assert numbers.duration(timedelta(hours=2, minutes=30)) == "2h 30m"


@pytest.mark.parametrize(("value", "expected"), [(1.5, "1.5"), (2.0, "2"), (True, "yes"), ("x", "x"), (None, "—")])
def test_parameter_values(value: Any, expected: str) -> None:
    assert numbers.plain(value) == expected
