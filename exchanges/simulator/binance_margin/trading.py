"""Orders: spot's, on the account's own money and what it borrows.

https://developers.binance.com/docs/margin_trading/trade
"""

from __future__ import annotations

from typing import Any

from exchanges.base import Side
from exchanges.simulator.binance.call import Endpoint, Security
from exchanges.simulator.binance.params import Params
from exchanges.simulator.binance_margin.call import MarginCall, SideEffect
from exchanges.simulator.binance_spot import account, order_lists, trading
from exchanges.simulator.binance_spot.order_params import (
    RULES,
    ResponseType,
    WireType,
    client_id,
    read_price,
    read_quantity,
    read_response_type,
    read_side,
    read_time_in_force,
    read_wire,
)
from exchanges.simulator.binance_spot.wire import fixed
from exchanges.simulator.records import OrderSpec

BORROWING = (SideEffect.MARGIN_BUY, SideEffect.AUTO_BORROW_REPAY)


def post_order(call: MarginCall) -> Any:
    reply = trading.post_order(call)
    order = call.venue.order(call.symbol(), reply["orderId"])
    if order is not None and order.borrowed:
        reply |= {"marginBuyBorrowAmount": fixed(order.borrowed), "marginBuyBorrowAsset": order.pays_with}
    return reply


def post_oco(call: MarginCall) -> Any:
    """https://developers.binance.com/docs/margin_trading/trade/Margin-Account-New-OCO"""
    params, symbol, side = call.params, call.symbol(), read_side(call.params)
    quantity = read_quantity(params, "quantity")
    stop_type = WireType.STOP_LOSS_LIMIT if "stopLimitPrice" in params else WireType.STOP_LOSS
    rule = RULES[stop_type]
    limit = call.completed(
        OrderSpec(
            symbol=symbol,
            side=side,
            order_type=WireType.LIMIT_MAKER.order_type,
            client_order_id=client_id(params, "limitClientOrderId"),
            quantity=quantity,
            limit_price=read_price(params, "price", wanted=True),
            post_only=True,
            wire=read_wire(params),
        )
    )
    stop = call.completed(
        OrderSpec(
            symbol=symbol,
            side=side,
            order_type=stop_type.order_type,
            client_order_id=client_id(params, "stopClientOrderId"),
            quantity=quantity,
            limit_price=read_price(params, "stopLimitPrice", wanted=rule.price),
            stop_price=read_price(params, "stopPrice", wanted=True),
            time_in_force=read_time_in_force(params, "stopLimitTimeInForce", wanted=rule.time_in_force),
            wire=read_wire(params),
        )
    )
    above, below = (limit, stop) if side is Side.SELL else (stop, limit)
    trading.check_specs(call, [above, below])
    list_client_id = client_id(params, "listClientOrderId")
    order_lists.require_new_list(call, list_client_id)
    order_lists.require_apart(call, above, below)
    response_type = read_response_type(params, ResponseType.RESULT)
    return order_lists.place_pair(call, (below, above), list_client_id, response_type)


def _order_weight(params: Params) -> int:
    return 1500 if params.text("sideEffectType") in BORROWING else 6


ORDER, LIST = "/sapi/v1/margin/order", "/sapi/v1/margin/orderList"
ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("POST", ORDER): Endpoint(post_order, 0, Security.TRADE, operation="submit", uid_weight=_order_weight),
    ("GET", ORDER): Endpoint(trading.get_order, 10, Security.USER_DATA, operation="get_order"),
    ("DELETE", ORDER): Endpoint(trading.delete_order, 10, Security.TRADE, operation="cancel"),
    ("GET", "/sapi/v1/margin/openOrders"): Endpoint(
        trading.open_orders, 10, Security.USER_DATA, operation="open_orders"
    ),
    ("DELETE", "/sapi/v1/margin/openOrders"): Endpoint(
        trading.delete_open_orders, 1, Security.TRADE, operation="cancel"
    ),
    ("GET", "/sapi/v1/margin/allOrders"): Endpoint(trading.all_orders, 200, Security.USER_DATA),
    ("GET", "/sapi/v1/margin/myTrades"): Endpoint(trading.my_trades, 10, Security.USER_DATA, operation="fills"),
    ("POST", f"{ORDER}/oco"): Endpoint(post_oco, 0, Security.TRADE, operation="submit", uid_weight=_order_weight),
    ("GET", LIST): Endpoint(order_lists.get_list, 10, Security.USER_DATA),
    ("DELETE", LIST): Endpoint(order_lists.delete_list, 0, Security.TRADE, operation="cancel", uid_weight=1),
    ("GET", "/sapi/v1/margin/openOrderList"): Endpoint(order_lists.open_lists, 10, Security.USER_DATA),
    ("GET", "/sapi/v1/margin/allOrderList"): Endpoint(order_lists.all_lists, 200, Security.USER_DATA),
    ("GET", "/sapi/v1/margin/rateLimit/order"): Endpoint(account.order_counts, 20, Security.USER_DATA),
}
