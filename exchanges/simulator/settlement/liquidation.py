"""Liquidation of positions: when what stands behind them is used up, the venue closes them at the market.

An isolated position alone, or all cross positions of the account together; open orders are canceled first. What is left
of the margin pays a fee; what is missing the venue bears (`PaymentKind.INSURANCE`), so nobody ends below zero.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from exchanges.base import ZERO, MarginMode, OrderType, Side
from exchanges.matching import WorkingOrder
from exchanges.simulator.records import Account, Order, OrderSpec, PaymentKind, PositionRecord
from exchanges.simulator.settlement.positions import PositionSettlement

WATCH = "liquidate "  # begins the ids of the orders that stand for a liquidation price


def watches(settlement: PositionSettlement, symbol: str, at_ms: int) -> list[WorkingOrder]:
    """For every position in the symbol that stands alone a stop at its liquidation price."""
    found = []
    for record in settlement.books.open_positions(symbol):
        account = settlement.books.accounts[record.account_id]
        price = settlement.liquidation_price(account, symbol, at_ms)
        if price is None or settlement.is_one_of_several(account, record):
            continue
        side = Side.SELL if record.quantity > 0 else Side.BUY
        order_id = f"{WATCH}{account.account_id}"
        found.append(WorkingOrder(order_id, side, OrderType.STOP_LOSS, abs(record.quantity), stop_price=price))
    return found


def used_up(settlement: PositionSettlement, symbol: str, at_ms: int) -> list[Account]:
    """Accounts whose several cross positions together have no margin left at that instant.

    No one price tells when. But between the corners of the prices' ways all of them move evenly, so whoever looks at
    every corner misses nothing.
    """
    found = []
    for record in settlement.books.open_positions(symbol):
        account = settlement.books.accounts[record.account_id]
        if settlement.is_one_of_several(account, record):
            left = settlement.collateral(account, record, at_ms) + settlement.unrealised_pnl(record, at_ms)
            if left <= settlement.maintenance_margin(record, at_ms):
                found.append(account)
    return found


def liquidate(
    settlement: PositionSettlement,
    account: Account,
    symbol: str,
    at_ms: int,
    *,
    cancel: Callable[[Order], object],
    close: Callable[[Account, OrderSpec], Order],
) -> list[Order]:
    """Close what has to be closed; returns the orders that did it."""
    books = settlement.books
    record = books.position(account, symbol)
    if record is None:
        return []
    is_isolated = record.margin_mode is MarginMode.ISOLATED
    records = [record]
    if not is_isolated:
        records = [r for r in books.positions(account) if r.margin_mode is MarginMode.CROSS]
    for order in books.open_orders(account, symbol if is_isolated else None):
        if order.is_position:
            cancel(order)
    had = record.isolated_margin if is_isolated else _cross_wallet(settlement, account)
    wallet = settlement.wallet(account)
    closed = [(r, close(account, _closing(r, at_ms))) for r in records]
    left = had + settlement.wallet(account) - wallet
    for closed_record, order in closed:
        worth = order.filled_quote
        fee = min(worth * settlement.rules.liquidation_fee_rate, max(left, ZERO))
        if fee:
            left += settlement.pay(account, closed_record, PaymentKind.LIQUIDATION_FEE, -fee, at_ms, order)
    if left < 0:
        settlement.pay(account, records[0], PaymentKind.INSURANCE, -left, at_ms, closed[0][1])
    return [order for _, order in closed]


def _closing(record: PositionRecord, at_ms: int) -> OrderSpec:
    return OrderSpec(
        record.symbol,
        Side.SELL if record.quantity > 0 else Side.BUY,
        OrderType.MARKET,
        f"autoclose-{at_ms}{record.number}",
        quantity=abs(record.quantity),
        reduce_only=True,
        leverage=record.leverage if record.leverage > 1 else None,
    )


def _cross_wallet(settlement: PositionSettlement, account: Account) -> Decimal:
    isolated = [r.isolated_margin for r in settlement.books.positions(account) if r.margin_mode is MarginMode.ISOLATED]
    return settlement.wallet(account) - sum(isolated, ZERO)
