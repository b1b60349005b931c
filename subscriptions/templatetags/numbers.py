"""Numbers, amounts and times as pages show them: grouped, with their unit and sign, exact on hover.

What is not known is a dash that says why, never a zero.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from subscriptions.performance import format_duration

register = template.Library()

MINUS = "−"
# Currencies that people write with two decimals.
TWO_DECIMALS = frozenset({"USDT", "USDC", "USD", "EUR", "GBP", "BUSD", "DAI", "FDUSD", "TUSD"})
MOST_DECIMALS = 8


# --- texts
def grouped(value: Decimal, decimals: int, *, sign: bool = False) -> str:
    """`1,234.50`; a real minus in front of what is below zero, a plus only if asked for."""
    text = f"{abs(value):,.{decimals}f}"
    if value < 0:
        return MINUS + text
    return f"+{text}" if sign and value > 0 else text


def amount_text(value: Decimal, unit: str, *, sign: bool = False) -> str:
    """Money without its unit. Cents for dollars and euros, but more where cents would show a zero."""
    decimals = 2 if unit in TWO_DECIMALS else MOST_DECIMALS
    if value and abs(value) < Decimal("0.005"):
        decimals = MOST_DECIMALS
    text = grouped(value, decimals, sign=sign)
    return text if decimals == 2 else _trimmed(text)


def _trimmed(text: str, keep: int = 2) -> str:
    """Without trailing zeros, but with at least `keep` decimals."""
    whole, _point, decimals = text.partition(".")
    decimals = decimals.rstrip("0").ljust(keep, "0")
    return f"{whole}.{decimals}" if decimals else whole


def exact(value: Decimal) -> str:
    """Every digit, for the hover text."""
    return f"{value.normalize():f}".replace("-", MINUS)


def _decimal(value: Any) -> Decimal | None:
    return None if value is None or value == "" else Decimal(str(value))


def direction(value: Decimal) -> str:
    return "gain" if value > 0 else "loss" if value < 0 else "even"


def dash(reason: str = "") -> SafeString:
    """Where there is no figure. The reason is read aloud and shown on hover."""
    reason = reason or _("not known yet")
    return format_html('<span class="none" title="{}">—<span class="sr"> {}</span></span>', reason, reason)


# --- tags
@register.simple_tag(name="dash")
def dash_tag(reason: str = "") -> SafeString:
    return dash(reason)


@register.simple_tag
def money(value: Any, unit: str, *, sign: bool = False, empty: str = "") -> SafeString:
    """`{% money trade.pnl "USDT" sign=True %}`: an amount with its unit; signed ones are marked gain or loss."""
    number = _decimal(value)
    if number is None:
        return dash(empty)
    return format_html(
        '<span class="num {}" title="{} {}">{}<span class="unit"> {}</span></span>',
        direction(number) if sign else "",
        exact(number),
        unit,
        amount_text(number, unit, sign=sign),
        unit,
    )


@register.simple_tag
def percent(value: Any, *, sign: bool = False, decimals: int = 2, empty: str = "") -> SafeString:
    """`{% percent 12.5 sign=True %}`: of 100."""
    number = _decimal(value)
    if number is None:
        return dash(empty)
    return format_html(
        '<span class="num {}">{}<span class="unit"> %</span></span>',
        direction(number) if sign else "",
        grouped(number, decimals, sign=sign),
    )


@register.simple_tag
def ago(when: datetime | None, *, empty: str = "") -> SafeString:
    """`5 minutes ago`, with the exact time on hover; the date once it is longer ago than a week or yet to come."""
    if when is None:
        return dash(empty)
    age = timezone.now() - when
    if timedelta(0) <= age < timedelta(minutes=1):
        return _time(when, _("%(seconds)d s ago") % {"seconds": age.seconds})
    if timedelta(0) <= age < timedelta(days=7):
        return _time(when, _("%(age)s ago") % {"age": timesince(when, timezone.now(), depth=1)})
    return moment(when)


@register.simple_tag
def moment(when: datetime | None, *, empty: str = "") -> SafeString:
    """`5 Jan 10:05`, with the exact time on hover; the year where it is not this one. All times are UTC."""
    if when is None:
        return dash(empty)
    return _time(when, format_date(when, "j M H:i" if when.year == timezone.now().year else "j M Y H:i"))


@register.simple_tag
def day(when: datetime | None, *, empty: str = "") -> SafeString:
    """`5 Jan 2026`, with the exact time on hover."""
    if when is None:
        return dash(empty)
    return _time(when, format_date(when, "j M Y"))


def _time(when: datetime, text: str) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        when.isoformat(timespec="seconds"),
        f"{when:%Y-%m-%d %H:%M:%S}",
        text,
    )


# --- filters
@register.filter
def quantity(value: Any, decimals: int | None = None) -> str:
    """`0.0123`: at most eight decimals, no trailing zeros beyond `decimals`, those of the market's lot step."""
    number = _decimal(value)
    return "" if number is None else _trimmed(grouped(number, MOST_DECIMALS), keep=decimals or 0)


def decimals_of(step: Decimal) -> int:
    """5 for 0.00001."""
    return max(0, -int(step.normalize().as_tuple().exponent)) if step else 0


@register.filter
def price(value: Any) -> str:
    """`65,000.00` or `0.00001234`: as many decimals as the size of the number needs, two at least."""
    number = _decimal(value)
    if number is None:
        return ""
    decimals = 2 if abs(number) >= 1000 else 4 if abs(number) >= 1 else MOST_DECIMALS
    return _trimmed(grouped(number, decimals))


@register.filter
def count(value: Any) -> str:
    """`12,345`."""
    return "" if value is None else f"{int(value):,}"


@register.filter
def duration(value: timedelta | None) -> str:
    """`2h 30m`."""
    return "" if value is None else format_duration(value)


@register.filter
def plain(value: Any) -> str:
    """A parameter's value as its author would write it."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


@register.filter
def signed(value: Any) -> str:
    """`−1.25`: a bare figure with two decimals."""
    number = _decimal(value)
    return "" if number is None else grouped(number, 2)
