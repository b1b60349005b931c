"""Rows of the paper books as the values that adapters speak."""

from __future__ import annotations

from decimal import Decimal

from exchanges.adapters.paper.leverage import open_position
from exchanges.base import ZERO, Fill, MarginMode, Order, OrderStatus, OrderType, Position, Side
from exchanges.models import PaperFill, PaperOrder, PaperPosition


def order(row: PaperOrder) -> Order:
    filled = row.filled_quantity
    trails = row.trailing_pct is not None
    return Order(
        client_order_id=row.client_order_id,
        exchange_order_id=str(row.pk),
        symbol=row.symbol,
        side=Side(row.side),
        order_type=OrderType(row.order_type),
        status=OrderStatus(row.status),
        quantity=row.quantity,
        filled_quantity=filled,
        average_price=row.filled_quote / filled if filled > ZERO else None,
        limit_price=row.limit_price,
        stop_price=None if trails else row.stop_price,
        updated_at=row.updated_at,
        trailing_pct=row.trailing_pct,
        reduce_only=row.reduce_only,
    )


def fill(row: PaperFill) -> Fill:
    return Fill(
        fill_id=str(row.pk),
        exchange_order_id=str(row.order_id),
        symbol=row.order.symbol,
        side=Side(row.order.side),
        price=row.price,
        quantity=row.quantity,
        fee=row.fee,
        fee_asset=row.fee_asset,
        executed_at=row.executed_at,
    )


def position(row: PaperPosition, *, mark_price: Decimal, liquidation_price: Decimal | None) -> Position:
    held = open_position(row)
    return Position(
        symbol=row.symbol,
        side=held.side,
        quantity=abs(row.quantity),
        entry_price=held.entry_price,
        leverage=Decimal(row.leverage),
        margin_mode=MarginMode(row.margin_mode),
        mark_price=mark_price,
        liquidation_price=liquidation_price,
        unrealised_pnl=held.unrealised_pnl(mark_price),
    )
