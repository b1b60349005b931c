"""Records in Binance's words.

Field by field from https://github.com/binance/binance-spot-api-docs/blob/master/rest-api.md; numbers are
strings with eight decimals, times are milliseconds.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchanges.base import ZERO, OrderStatus, OrderType, Side
from exchanges.simulator.binance.call import venue_symbol
from exchanges.simulator.market import Kline
from exchanges.simulator.records import Fill, Order, OrderList

BIPS_PER_PCT = 100  # trailingDelta counts in basis points

STATUSES = {
    OrderStatus.OPEN: "NEW",
    OrderStatus.PARTIALLY_FILLED: "PARTIALLY_FILLED",
    OrderStatus.FILLED: "FILLED",
    OrderStatus.CANCELED: "CANCELED",
    OrderStatus.EXPIRED: "EXPIRED",
}


def fixed(number: Decimal) -> str:
    return f"{number:.8f}"


def kline(candle: Kline) -> list[Any]:
    return [
        candle.open_ms,
        fixed(candle.open),
        fixed(candle.high),
        fixed(candle.low),
        fixed(candle.close),
        fixed(candle.volume),
        candle.close_ms,
        fixed(candle.quote_volume),
        candle.trades,
        fixed(candle.taker_volume),
        fixed(candle.taker_quote_volume),
        "0",
    ]


def order(record: Order) -> dict[str, Any]:
    """GET /api/v3/order, openOrders, allOrders."""
    return {
        "symbol": venue_symbol(record.symbol),
        "orderId": record.order_id,
        "orderListId": -1 if record.list_id is None else record.list_id,
        "clientOrderId": record.client_order_id,
        "price": fixed(record.limit_price or ZERO),
        "origQty": fixed(record.quantity),
        "executedQty": fixed(record.filled_quantity),
        "cummulativeQuoteQty": fixed(record.filled_quote),
        "status": STATUSES[record.status],
        "timeInForce": str(record.time_in_force),
        "type": order_type(record),
        "side": str(record.side),
        "stopPrice": fixed(record.stop_price or ZERO),
        "icebergQty": fixed(ZERO),
        "time": record.created_ms,
        "updateTime": record.updated_ms,
        "isWorking": record.working_ms is not None,
        "workingTime": -1 if record.working_ms is None else record.working_ms,
        "origQuoteOrderQty": fixed(record.quote_quantity),
        "selfTradePreventionMode": self_trade_mode(record),
        **trailing(record),
    }


def new_order(record: Order, fills: list[Fill], response_type: str) -> dict[str, Any]:
    """POST /api/v3/order as ACK, RESULT or FULL."""
    reply: dict[str, Any] = {
        "symbol": venue_symbol(record.symbol),
        "orderId": record.order_id,
        "orderListId": -1 if record.list_id is None else record.list_id,
        "clientOrderId": record.client_order_id,
        "transactTime": record.updated_ms,
    }
    if response_type == "ACK":
        return reply
    reply |= _result(record)
    if record.stop_price is not None:
        reply["stopPrice"] = fixed(record.stop_price)
    reply |= trailing(record)
    reply["workingTime"] = -1 if record.working_ms is None else record.working_ms
    reply["selfTradePreventionMode"] = self_trade_mode(record)
    if response_type == "FULL":
        reply["fills"] = [
            {
                "price": fixed(fill.price),
                "qty": fixed(fill.quantity),
                "commission": fixed(fill.fee),
                "commissionAsset": fill.fee_asset,
                "tradeId": fill.trade_id,
            }
            for fill in fills
        ]
    return reply


def canceled_order(record: Order, cancel_id: str) -> dict[str, Any]:
    """DELETE /api/v3/order: `clientOrderId` is the cancel's own id, `origClientOrderId` the order's."""
    reply: dict[str, Any] = {
        "symbol": venue_symbol(record.symbol),
        "origClientOrderId": record.client_order_id,
        "orderId": record.order_id,
        "orderListId": -1 if record.list_id is None else record.list_id,
        "clientOrderId": cancel_id,
        "transactTime": record.updated_ms,
        **_result(record),
    }
    if record.stop_price is not None:
        reply["stopPrice"] = fixed(record.stop_price)
    reply |= trailing(record)
    reply["selfTradePreventionMode"] = self_trade_mode(record)
    return reply


def trade(fill: Fill) -> dict[str, Any]:
    """GET /api/v3/myTrades."""
    return {
        "symbol": venue_symbol(fill.symbol),
        "id": fill.trade_id,
        "orderId": fill.order_id,
        "orderListId": -1 if fill.list_id is None else fill.list_id,
        "price": fixed(fill.price),
        "qty": fixed(fill.quantity),
        "quoteQty": fixed(fill.quote_quantity),
        "commission": fixed(fill.fee),
        "commissionAsset": fill.fee_asset,
        "time": fill.time_ms,
        "isBuyer": fill.side is Side.BUY,
        "isMaker": fill.is_maker,
        "isBestMatch": True,
    }


def order_list(pair: OrderList, orders: list[Order]) -> dict[str, Any]:
    """GET /api/v3/orderList, and the head of the other order list replies."""
    is_open = any(record.is_open for record in orders)
    return {
        "orderListId": pair.list_id,
        "contingencyType": "OCO",
        "listStatusType": "EXEC_STARTED" if is_open else "ALL_DONE",
        "listOrderStatus": "EXECUTING" if is_open else "ALL_DONE",
        "listClientOrderId": pair.client_list_id,
        "transactionTime": pair.created_ms if is_open else max(record.updated_ms for record in orders),
        "symbol": venue_symbol(pair.symbol),
        "orders": [
            {
                "symbol": venue_symbol(record.symbol),
                "orderId": record.order_id,
                "clientOrderId": record.client_order_id,
            }
            for record in orders
        ],
    }


def order_type(record: Order) -> str:
    if record.order_type is OrderType.TRAILING_STOP:
        return "STOP_LOSS"
    return "LIMIT_MAKER" if record.post_only else str(record.order_type)


def trailing(record: Order) -> dict[str, Any]:
    if record.trailing_pct is None:
        return {}
    return {"trailingDelta": int(record.trailing_pct * BIPS_PER_PCT), "trailingTime": record.created_ms}


def self_trade_mode(record: Order) -> str:
    return record.wire.get("selfTradePreventionMode", "EXPIRE_MAKER")


def _result(record: Order) -> dict[str, Any]:
    return {
        "price": fixed(record.limit_price or ZERO),
        "origQty": fixed(record.quantity),
        "executedQty": fixed(record.filled_quantity),
        "origQuoteOrderQty": fixed(record.quote_quantity),
        "cummulativeQuoteQty": fixed(record.filled_quote),
        "status": STATUSES[record.status],
        "timeInForce": str(record.time_in_force),
        "type": order_type(record),
        "side": str(record.side),
    }
