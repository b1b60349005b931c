"""What is shown about a subscription: figures and curves, read from what was recorded."""

from __future__ import annotations

from subscriptions.models import EquityPoint, Subscription, Trade
from subscriptions.performance import ClosedTrade, Performance, summarize


def performance_of(subscription: Subscription) -> Performance:
    """The figures of the performance endpoint and page. Two queries."""
    trades = [
        ClosedTrade(
            opened_at=trade.opened_at,
            closed_at=trade.closed_at,
            quantity=trade.quantity,
            entry_price=trade.entry_price,
            exit_price=trade.exit_price,
            fees=trade.fees,
            pnl=trade.pnl,
        )
        for trade in Trade.objects.filter(subscription=subscription).order_by("closed_at")
    ]
    equity = EquityPoint.objects.filter(subscription=subscription).order_by("time")
    return summarize(trades, equity.values_list("time", "equity"), capital=subscription.allocated_capital)
