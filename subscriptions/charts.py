"""Data for the charts of a subscription's page, read from what was recorded. Times are UTC seconds since 1970."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Max

from exchanges.models import Candle, Instrument, Network
from subscriptions.models import EquityPoint, Order, Position, Subscription
from subscriptions.templatetags.numbers import TWO_DECIMALS, amount_text

CANDLES = 500
EQUITY_POINTS = 1500

KINDS = {
    Order.Leg.ENTRY: "entry",
    Order.Leg.EXIT: "exit",
    Order.Leg.STOP_LOSS: "stop",
    Order.Leg.TAKE_PROFIT: "take_profit",
    Order.Leg.LIQUIDATION: "stop",
}


def market_of(subscription: Subscription) -> Instrument | None:
    """On the live network, whose candles are shown whatever the mode."""
    return Instrument.objects.filter(
        exchange=subscription.exchange,
        network=Network.LIVE,
        market_type=subscription.market_type,
        symbol=subscription.symbol,
    ).first()


def candle_chart(subscription: Subscription) -> dict[str, Any]:
    """The last candles of its market, what it did there, and the exits promised for what it holds now."""
    instrument = market_of(subscription)
    rows = Candle.objects.filter(instrument=instrument, timeframe=subscription.timeframe)
    candles: list[dict[str, Any]] = [
        {
            "time": int(row.open_time.timestamp()),
            "open": float(row.open),
            "high": float(row.high),
            "low": float(row.low),
            "close": float(row.close),
        }
        for row in rows.order_by("-open_time")[:CANDLES]
    ][::-1]
    position = Position.objects.filter(subscription=subscription, opened_at__isnull=False).first()
    return {
        "candles": candles,
        "marks": _marks(subscription, since=candles[0]["time"]) if candles else [],
        "stop_loss": _number(position.stop_loss_price) if position else None,
        "take_profit": _number(position.take_profit_price) if position else None,
        "tick_size": _number(instrument.tick_size) if instrument else None,
    }


def _marks(subscription: Subscription, *, since: int) -> list[dict[str, Any]]:
    """One for each order that filled, at the candle in which its last fill was. An exit carries its trade's P&L."""
    orders = (
        Order.objects.filter(subscription=subscription, filled_quantity__gt=0)
        .annotate(filled_at=Max("fills__executed_at"))
        .exclude(filled_at=None)
        .order_by("-filled_at")[:CANDLES]
    )
    pnl_by_close = dict(subscription.trades.order_by("-closed_at").values_list("closed_at", "pnl")[:CANDLES])
    marks = []
    for order in orders:
        candle = _floor(order.filled_at.timestamp(), subscription.timeframe_length)
        if candle < since:
            break
        pnl = pnl_by_close.get(order.filled_at)
        marks.append(
            {
                "time": candle,
                "kind": KINDS.get(Order.Leg(order.leg), "exit"),
                "side": order.side,
                "price": _number(order.average_price),
                "pnl": amount_text(pnl, subscription.quote, sign=True) if pnl is not None else "",
            }
        )
    return marks[::-1]


def equity_chart(subscription: Subscription) -> dict[str, Any]:
    """Its equity over all its time, thinned without losing a peak or a trough, and the capital it started with."""
    rows = EquityPoint.objects.filter(subscription=subscription).order_by("time")
    by_second = {int(time.timestamp()): equity for time, equity in rows.values_list("time", "equity")}
    points = thin(list(by_second.items()), EQUITY_POINTS)
    return {
        "points": [{"time": time, "value": float(equity)} for time, equity in points],
        "capital": float(subscription.allocated_capital),
        "decimals": 2 if subscription.quote in TWO_DECIMALS else 8,
    }


def thin(points: Sequence[tuple[int, Decimal]], limit: int) -> list[tuple[int, Decimal]]:
    """At most about `limit` points: of each stretch its lowest and its highest, and the very first and last."""
    if len(points) <= limit:
        return list(points)
    stretch = -(-len(points) * 2 // limit)  # rounded up
    kept = {points[0], points[-1]}
    for start in range(0, len(points), stretch):
        part = points[start : start + stretch]
        kept.add(min(part, key=lambda point: point[1]))
        kept.add(max(part, key=lambda point: point[1]))
    return sorted(kept)


def _floor(seconds: float, length: timedelta) -> int:
    """The open time of the candle that holds this moment; all timeframes count from 1970."""
    step = int(length.total_seconds())
    return int(seconds) // step * step


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
