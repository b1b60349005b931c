"""Records in the words of Binance's futures.

Field by field from https://developers.binance.com/docs/derivatives/usds-margined-futures; numbers are strings, prices
and quantities with the decimals of their step, times are milliseconds.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchanges.base import ZERO, OrderStatus, OrderType, Side
from exchanges.simulator.binance.call import venue_symbol
from exchanges.simulator.binance_spot.wire import STATUSES, fixed, self_trade_mode
from exchanges.simulator.listings import Listing
from exchanges.simulator.market import Kline
from exchanges.simulator.records import Fill, Order, TimeInForce

ALGO_ID_SPACING = 1_000_000_000  # algo ids count by symbol, too, but no two symbols have the same

WIRE_TYPES = {
    OrderType.MARKET: "MARKET",
    OrderType.LIMIT: "LIMIT",
    OrderType.STOP_LOSS: "STOP_MARKET",
    OrderType.STOP_LOSS_LIMIT: "STOP",
    OrderType.TAKE_PROFIT: "TAKE_PROFIT_MARKET",
    OrderType.TAKE_PROFIT_LIMIT: "TAKE_PROFIT",
    OrderType.TRAILING_STOP: "TRAILING_STOP_MARKET",
}


def price(number: Decimal, listing: Listing) -> str:
    return f"{number:.{decimals(listing.tick_size)}f}"


def quantity(number: Decimal, listing: Listing) -> str:
    return f"{number:.{decimals(listing.lot_step)}f}"


def decimals(step: Decimal) -> int:
    """As the step is written: 0.10 has two."""
    return -int(step.as_tuple().exponent)


def is_conditional(order: Order) -> bool:
    return order.stop_price is not None or order.trailing_pct is not None


def is_in_book(order: Order) -> bool:
    """Whether it is, or was, an order like others: a conditional one only once it has triggered and was accepted."""
    return not is_conditional(order) or (order.triggered and not is_rejected(order))


def is_rejected(order: Order) -> bool:
    """Triggered, and then there was no margin for it or nothing to reduce."""
    return order.triggered and order.status is OrderStatus.EXPIRED and not order.filled_quantity


def order(record: Order, listing: Listing) -> dict[str, Any]:
    """GET /fapi/v1/order, openOrders, allOrders, and the reply to a cancel."""
    average = record.filled_quote / record.filled_quantity if record.filled_quantity else ZERO
    return _order(record, listing) | {
        "avgPrice": fixed(average),
        "cumQuote": fixed(record.filled_quote),
        "time": record.created_ms,
    }


def new_order(record: Order, listing: Listing, response_type: str) -> dict[str, Any]:
    """POST /fapi/v1/order: an ACK leaves before anything fills."""
    if response_type == "RESULT":
        return order(record, listing) | {"cumQty": quantity(record.filled_quantity, listing)}
    nothing = quantity(ZERO, listing)
    return _order(record, listing) | {"status": "NEW", "executedQty": nothing, "cumQty": nothing}


def _order(record: Order, listing: Listing) -> dict[str, Any]:
    is_limit = record.limit_price is not None
    return {
        "orderId": record.order_id,
        "symbol": venue_symbol(record.symbol),
        "status": STATUSES[record.status],
        "clientOrderId": record.client_order_id,
        "price": price(record.limit_price or ZERO, listing),
        "origQty": quantity(record.quantity, listing),
        "executedQty": quantity(record.filled_quantity, listing),
        "timeInForce": time_in_force(record),
        "type": "LIMIT" if is_limit else "MARKET",
        "reduceOnly": record.reduce_only,
        "closePosition": False,
        "side": str(record.side),
        "positionSide": "BOTH",
        "stopPrice": price(record.stop_price or ZERO, listing),
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": WIRE_TYPES[record.order_type],
        "priceMatch": "NONE",
        "selfTradePreventionMode": self_trade_mode(record),
        "goodTillDate": 0,
        "updateTime": record.updated_ms,
    }


def algo_order(record: Order, listing: Listing, algo_id: int) -> dict[str, Any]:
    """https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/Query-Algo-Order"""
    average = record.filled_quote / record.filled_quantity if record.filled_quantity else ZERO
    reply: dict[str, Any] = {
        "algoId": algo_id,
        "clientAlgoId": record.client_order_id,
        "algoType": "CONDITIONAL",
        "orderType": WIRE_TYPES[record.order_type],
        "symbol": venue_symbol(record.symbol),
        "side": str(record.side),
        "positionSide": "BOTH",
        "timeInForce": time_in_force(record),
        "quantity": quantity(record.quantity, listing),
        "algoStatus": algo_status(record),
        "actualOrderId": str(record.order_id) if is_in_book(record) else "",
        "actualPrice": fixed(average),
        "triggerPrice": price(record.stop_price or ZERO, listing),
        "price": price(record.limit_price or ZERO, listing),
        "icebergQuantity": None,
        "selfTradePreventionMode": self_trade_mode(record),
        "workingType": "CONTRACT_PRICE",
        "priceMatch": "NONE",
        "closePosition": False,
        "priceProtect": False,
        "reduceOnly": record.reduce_only,
        "createTime": record.created_ms,
        "updateTime": record.updated_ms,
        "triggerTime": record.triggered_ms or 0,
        "goodTillDate": 0,
    }
    if record.trailing_pct is not None:
        reply |= {"callbackRate": f"{record.trailing_pct:f}", "activatePrice": ""}
    return reply


def algo_status(record: Order) -> str:
    if is_rejected(record):
        return "REJECTED"
    if record.triggered:
        return "TRIGGERED" if record.is_open else "FINISHED"
    return STATUSES[record.status]


def time_in_force(record: Order) -> str:
    return "GTX" if record.post_only and record.time_in_force is TimeInForce.GTC else str(record.time_in_force)


def trade(fill: Fill, listing: Listing) -> dict[str, Any]:
    """GET /fapi/v1/userTrades."""
    return {
        "buyer": fill.side is Side.BUY,
        "commission": fixed(fill.fee),
        "commissionAsset": fill.fee_asset,
        "id": fill.trade_id,
        "maker": fill.is_maker,
        "orderId": fill.order_id,
        "price": price(fill.price, listing),
        "qty": quantity(fill.quantity, listing),
        "quoteQty": fixed(fill.quote_quantity),
        "realizedPnl": fixed(fill.realised_pnl),
        "side": str(fill.side),
        "positionSide": "BOTH",
        "symbol": venue_symbol(fill.symbol),
        "time": fill.time_ms,
    }


def kline(candle: Kline, listing: Listing) -> list[Any]:
    prices = [price(number, listing) for number in (candle.open, candle.high, candle.low, candle.close)]
    return [
        candle.open_ms,
        *prices,
        quantity(candle.volume, listing),
        candle.close_ms,
        fixed(candle.quote_volume),
        candle.trades,
        quantity(candle.taker_volume, listing),
        fixed(candle.taker_quote_volume),
        "0",
    ]
