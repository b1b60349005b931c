"""From fills to positions, trades and figures. Pure: no database, no network, no clock. All sums are exact Decimals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from exchanges.base import ZERO, Side

DAYS_PER_YEAR = 365  # crypto trades every day
SMALLEST = Decimal("1e-12")  # below every lot of every venue


@dataclass(frozen=True, slots=True)
class BookedFill:
    """One execution as the books see it.

    `base_fee` is the part of the fee taken in the base asset (it shrinks what was received), `quote_fee` the part taken
    in quote, `other_fee` the quote value of a fee in a third asset at the time of the fill.
    """

    side: Side
    price: Decimal
    quantity: Decimal
    executed_at: datetime
    base_fee: Decimal = ZERO
    quote_fee: Decimal = ZERO
    other_fee: Decimal = ZERO

    @property
    def fee_in_quote(self) -> Decimal:
        return self.quote_fee + self.other_fee + self.base_fee * self.price


@dataclass(frozen=True, slots=True)
class PositionState:
    """A long position as running sums; nothing in it was ever divided, so nothing was ever rounded.

    `quantity` is what is really held: fills less fees taken in base. The other sums count from the fill that opened it.
    Leverage changes none of them: what is borrowed for a position is in what was paid for it, and is paid back with it.
    """

    quantity: Decimal = ZERO
    opened_at: datetime | None = None
    bought: Decimal = ZERO
    bought_value: Decimal = ZERO  # quote units
    sold: Decimal = ZERO
    sold_value: Decimal = ZERO
    paid_fees: Decimal = ZERO  # quote units: fees taken in quote, and the value of those in a third asset
    fees: Decimal = ZERO  # quote value of all fees, those taken in base included
    funding: Decimal = ZERO  # quote units: funding, rollover and interest; negative where it was paid

    @property
    def net_cost(self) -> Decimal:
        """What went into the position and has not come back, in quote units."""
        return self.bought_value + self.paid_fees - self.sold_value - self.funding

    @property
    def average_entry_price(self) -> Decimal | None:
        return self.bought_value / self.bought if self.bought else None

    def borrowed(self, leverage: int) -> Decimal:
        """What of the position's worth at entry its margin does not cover, in quote units."""
        if leverage == 1 or self.average_entry_price is None:
            return ZERO
        worth = self.average_entry_price * self.quantity
        return worth - worth / leverage


@dataclass(frozen=True, slots=True)
class ClosedTrade:
    """A round trip. `pnl` is net of all fees and with funding, in quote units."""

    opened_at: datetime
    closed_at: datetime
    quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal
    fees: Decimal
    pnl: Decimal
    funding: Decimal = ZERO

    @property
    def duration(self) -> timedelta:
        return self.closed_at - self.opened_at


def apply_fill(
    position: PositionState, fill: BookedFill, *, lot_step: Decimal
) -> tuple[PositionState, ClosedTrade | None]:
    """The position after a fill, and the trade if this fill closed it.

    A trade is closed when less than one lot is left: that dust cannot be sold. It stays in `quantity` with no cost, so
    its cost belongs to the trade that left it, and what it may fetch later is a gain of the later trade.
    """
    value = fill.price * fill.quantity
    position = replace(
        position,
        paid_fees=position.paid_fees + fill.quote_fee + fill.other_fee,
        fees=position.fees + fill.fee_in_quote,
    )
    if fill.side is Side.BUY:
        bought = replace(
            position,
            quantity=position.quantity + fill.quantity - fill.base_fee,
            opened_at=position.opened_at or fill.executed_at,
            bought=position.bought + fill.quantity,
            bought_value=position.bought_value + value,
        )
        return bought, None
    position = replace(
        position,
        quantity=position.quantity - fill.quantity - fill.base_fee,
        sold=position.sold + fill.quantity,
        sold_value=position.sold_value + value,
    )
    if position.quantity >= (lot_step or SMALLEST):
        return position, None
    return PositionState(quantity=position.quantity), _trade(position, fill.executed_at)


def _trade(position: PositionState, closed_at: datetime) -> ClosedTrade | None:
    if not position.bought or position.opened_at is None:
        return None  # only dust of an earlier trade was sold
    return ClosedTrade(
        opened_at=position.opened_at,
        closed_at=closed_at,
        quantity=position.sold,
        entry_price=position.bought_value / position.bought,
        exit_price=position.sold_value / position.sold,
        fees=position.fees,
        pnl=-position.net_cost,
        funding=position.funding,
    )


def apply_funding(position: PositionState, amount: Decimal) -> PositionState:
    """An open position after funding, rollover or interest of `amount` quote units; negative: it paid."""
    return replace(position, funding=position.funding + amount)


@dataclass(frozen=True, slots=True)
class Performance:
    """The figures of the performance endpoint. Money in quote units; percentages of 100; None where undefined."""

    total_trades: int
    winning_trades: int
    losing_trades: int
    win_rate: float | None
    total_pnl: Decimal
    total_pnl_percentage: float | None
    average_trade_duration: str | None
    max_drawdown: float
    sharpe_ratio: float | None

    def as_json(self) -> dict[str, Any]:
        return {
            "total_trades": self.total_trades,
            "winning_trades": self.winning_trades,
            "losing_trades": self.losing_trades,
            "win_rate": self.win_rate,
            "total_pnl": f"{self.total_pnl:f}",
            "total_pnl_percentage": self.total_pnl_percentage,
            "average_trade_duration": self.average_trade_duration,
            "max_drawdown": self.max_drawdown,
            "sharpe_ratio": self.sharpe_ratio,
        }


def summarize(
    trades: Sequence[ClosedTrade],
    equity: Iterable[tuple[datetime, Decimal]],
    *,
    capital: Decimal,
) -> Performance:
    """Figures over closed trades and the equity curve (oldest first), for what started with `capital`."""
    points = list(equity)
    pnl = sum((trade.pnl for trade in trades), ZERO)
    winning = sum(1 for trade in trades if trade.pnl > 0)
    losing = sum(1 for trade in trades if trade.pnl < 0)
    total = len(trades)
    average = sum((trade.duration for trade in trades), timedelta()) / total if total else None
    return Performance(
        total_trades=total,
        winning_trades=winning,
        losing_trades=losing,
        win_rate=_rounded(Decimal(100 * winning) / total) if total else None,
        total_pnl=pnl,
        total_pnl_percentage=_rounded(100 * pnl / capital) if capital else None,
        average_trade_duration=format_duration(average) if average is not None else None,
        max_drawdown=_rounded(max_drawdown_pct([capital, *(value for _, value in points)])),
        sharpe_ratio=sharpe_ratio(points, capital=capital),
    )


def max_drawdown_pct(equity: Iterable[Decimal]) -> Decimal:
    """The deepest fall from a peak, in percent of that peak; zero or above."""
    peak = ZERO
    deepest = ZERO
    for value in equity:
        peak = max(peak, value)
        if peak > 0:
            deepest = max(deepest, (peak - value) / peak * 100)
    return deepest


def sharpe_ratio(points: Sequence[tuple[datetime, Decimal]], *, capital: Decimal) -> float | None:
    """Mean over standard deviation of daily returns, times the square root of 365; no risk-free rate.

    Daily: the last equity of each UTC day, days without a point carry the last value on. None with fewer than two daily
    returns or without any variation.
    """
    last_of_day = {point[0].date(): point[1] for point in points}
    if not last_of_day or capital <= 0:
        return None
    values = [capital]
    day, last_day = min(last_of_day), max(last_of_day)
    while day <= last_day:
        values.append(last_of_day.get(day, values[-1]))
        day += timedelta(days=1)
    returns = [float(after / before - 1) for before, after in pairwise(values) if before > 0]
    if len(returns) < 2:
        return None
    mean = math.fsum(returns) / len(returns)
    variance = math.fsum((value - mean) ** 2 for value in returns) / (len(returns) - 1)
    if variance <= 1e-18:
        return None
    return round(mean / math.sqrt(variance) * math.sqrt(DAYS_PER_YEAR), 4)


def format_duration(duration: timedelta) -> str:
    """`2h 30m`; days in front from one day on, seconds below one minute."""
    seconds = int(duration.total_seconds())
    if seconds < 60:
        return f"{seconds}s"
    days, rest = divmod(seconds, 86400)
    hours, minutes = rest // 3600, rest % 3600 // 60
    if days:
        return f"{days}d {hours}h {minutes}m"
    return f"{hours}h {minutes}m" if hours else f"{minutes}m"


def _rounded(value: Decimal) -> float:
    return float(round(value, 4))
