"""Positions, trades and figures from fills."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.base import Side
from subscriptions.performance import (
    BookedFill,
    ClosedTrade,
    PositionState,
    apply_fill,
    apply_funding,
    format_duration,
    max_drawdown_pct,
    sharpe_ratio,
    summarize,
)

D = Decimal
T0 = datetime(2026, 1, 1, tzinfo=UTC)
LOT = D("0.001")


def fill(side: Side, price: str, quantity: str, *, minutes: int = 0, **fees: str) -> BookedFill:
    booked = {name: D(value) for name, value in fees.items()}
    return BookedFill(side, D(price), D(quantity), T0 + timedelta(minutes=minutes), **booked)


def run(*fills: BookedFill, lot_step: Decimal = LOT) -> tuple[PositionState, list[ClosedTrade]]:
    position, trades = PositionState(), []
    for one in fills:
        position, trade = apply_fill(position, one, lot_step=lot_step)
        if trade:
            trades.append(trade)
    return position, trades


def test_a_round_trip_earns_the_difference_less_both_fees() -> None:
    position, [trade] = run(
        fill(Side.BUY, "100", "2", quote_fee="0.2"),
        fill(Side.SELL, "110", "2", minutes=150, quote_fee="0.22"),
    )
    assert trade.pnl == D("20") - D("0.42")
    assert (trade.entry_price, trade.exit_price, trade.quantity) == (D(100), D(110), D(2))
    assert trade.fees == D("0.42")
    assert trade.duration == timedelta(minutes=150)
    assert position == PositionState()


def test_a_fee_in_the_base_asset_shrinks_what_was_received() -> None:
    position, trades = run(fill(Side.BUY, "100", "2", base_fee="0.002"))
    assert position.quantity == D("1.998")
    assert position.net_cost == D(200)
    assert position.fees == D("0.2")
    assert trades == []


def test_a_fee_in_a_third_asset_costs_its_value() -> None:
    _, [trade] = run(fill(Side.BUY, "100", "1", other_fee="0.075"), fill(Side.SELL, "100", "1", other_fee="0.075"))
    assert trade.pnl == D("-0.150")


def test_dust_below_a_lot_closes_the_trade_and_stays_in_the_position() -> None:
    position, [trade] = run(fill(Side.BUY, "100", "1", base_fee="0.0005"), fill(Side.SELL, "100", "0.999", minutes=1))
    assert position.quantity == D("0.0005")
    assert position.opened_at is None
    assert trade.pnl == D("99.900") - D(100)


def test_dust_of_an_earlier_trade_is_sold_with_the_next_one() -> None:
    position, trades = run(
        fill(Side.BUY, "100", "1", base_fee="0.0005"),
        fill(Side.SELL, "100", "0.999"),
        fill(Side.BUY, "100", "1", base_fee="0.0005"),
        fill(Side.SELL, "100", "1"),
    )
    assert position.quantity == D(0)
    assert [trade.pnl for trade in trades] == [D("-0.1"), D(0)]


def test_an_exit_in_parts_is_one_trade() -> None:
    position, [trade] = run(
        fill(Side.BUY, "100", "3"),
        fill(Side.SELL, "110", "1", minutes=1),
        fill(Side.SELL, "120", "2", minutes=2),
    )
    assert trade.pnl == D(50)
    assert trade.exit_price == D(350) / D(3)
    assert not position.opened_at


# --- leverage and funding
def test_funding_is_part_of_the_trade() -> None:
    position, _ = run(fill(Side.BUY, "100", "2"))
    position = apply_funding(apply_funding(position, D("-0.7")), D("0.2"))
    assert (position.funding, position.net_cost) == (D("-0.5"), D("200.5"))
    position, trade = apply_fill(position, fill(Side.SELL, "110", "2", minutes=1), lot_step=LOT)
    assert trade is not None
    assert (trade.pnl, trade.funding) == (D("19.5"), D("-0.5"))
    assert position == PositionState()


def test_what_is_borrowed_is_what_the_margin_does_not_cover() -> None:
    position, _ = run(fill(Side.BUY, "100", "4"), fill(Side.SELL, "120", "2", minutes=1))
    assert [position.borrowed(leverage) for leverage in (1, 2, 4)] == [0, 100, 150]
    assert PositionState(quantity=D("0.0005")).borrowed(4) == 0


fills_strategy = st.lists(
    st.tuples(
        st.sampled_from([Side.BUY, Side.SELL]),
        st.decimals("0.01", "100000", places=2),
        st.decimals("0.001", "50", places=3),
        st.decimals("0", "0.01", places=4),
    ),
    max_size=30,
)


@given(fills_strategy)
def test_whatever_the_fills_money_and_coins_are_conserved(rows: list) -> None:
    position, trades = PositionState(), []
    cash = coins = D(0)
    for number, (side, price, wanted, fee_rate) in enumerate(rows):
        quantity = wanted if side is Side.BUY else min(wanted, position.quantity)
        if quantity < LOT:
            continue
        base_fee = quantity * fee_rate if side is Side.BUY else D(0)
        quote_fee = D(0) if side is Side.BUY else price * quantity * fee_rate
        one = BookedFill(side, price, quantity, T0 + timedelta(minutes=number), base_fee, quote_fee)
        cash += price * quantity * (-1 if side is Side.BUY else 1) - quote_fee
        coins += quantity * (1 if side is Side.BUY else -1) - base_fee
        position, trade = apply_fill(position, one, lot_step=LOT)
        if trade:
            trades.append(trade)
    assert position.quantity == coins
    assert sum((trade.pnl for trade in trades), D(0)) - position.net_cost == cash


def trade(pnl: str, hours: float = 1) -> ClosedTrade:
    return ClosedTrade(T0, T0 + timedelta(hours=hours), D(1), D(100), D(100), D(0), D(pnl))


def test_figures_over_trades() -> None:
    equity = [(T0, D(1010)), (T0 + timedelta(hours=1), D(909)), (T0 + timedelta(hours=2), D(1100))]
    figures = summarize([trade("10", 1), trade("-5", 4), trade("0", 2.5)], equity, capital=D(1000)).as_json()
    assert figures == {
        "total_trades": 3,
        "winning_trades": 1,
        "losing_trades": 1,
        "win_rate": 33.3333,
        "total_pnl": "5",
        "total_pnl_percentage": 0.5,
        "average_trade_duration": "2h 30m",
        "max_drawdown": 10.0,
        "sharpe_ratio": None,
    }


def test_without_trades_nothing_is_invented() -> None:
    figures = summarize([], [], capital=D(1000)).as_json()
    assert (figures["total_trades"], figures["total_pnl"], figures["max_drawdown"]) == (0, "0", 0.0)
    assert figures["win_rate"] is figures["average_trade_duration"] is figures["sharpe_ratio"] is None


def test_drawdown_is_measured_from_the_highest_peak_before() -> None:
    assert max_drawdown_pct([D(100), D(120), D(90), D(200), D(160)]) == D(25)


def test_drawdown_counts_a_fall_below_the_starting_capital() -> None:
    assert summarize([], [(T0, D(800))], capital=D(1000)).max_drawdown == 20.0


def test_sharpe_uses_the_last_equity_of_each_day_and_carries_it_over_silent_days() -> None:
    days = [(T0, D(1005)), (T0 + timedelta(hours=9), D(1010)), (T0 + timedelta(days=2), D(1000))]
    returns = [0.01, 0.0, 1000 / 1010 - 1]
    mean = sum(returns) / 3
    deviation = (sum((value - mean) ** 2 for value in returns) / 2) ** 0.5
    assert sharpe_ratio(days, capital=D(1000)) == pytest.approx(mean / deviation * 365**0.5, abs=1e-4)


@pytest.mark.parametrize("values", [["1000"], ["1000", "1000", "1000"]])
def test_sharpe_is_undefined_without_variation_or_with_one_day(values: list[str]) -> None:
    points = [(T0 + timedelta(days=number), D(value)) for number, value in enumerate(values)]
    assert sharpe_ratio(points, capital=D(1000)) is None


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(seconds=42), "42s"),
        (timedelta(minutes=5, seconds=59), "5m"),
        (timedelta(hours=2, minutes=30), "2h 30m"),
        (timedelta(days=3, hours=4, minutes=5), "3d 4h 5m"),
    ],
)
def test_durations_read_well(duration: timedelta, text: str) -> None:
    assert format_duration(duration) == text
