"""Orders in the book, and the account's trades.

https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api
"""

from __future__ import annotations

from typing import Any

from exchanges.base import OrderStatus
from exchanges.simulator.binance.call import Endpoint, Security
from exchanges.simulator.binance.params import ApiError, Params
from exchanges.simulator.binance_futures import wire
from exchanges.simulator.binance_futures.call import FuturesCall
from exchanges.simulator.binance_futures.filters import apply_filters
from exchanges.simulator.binance_futures.order_params import CLIENT_ID, read_order, read_response_type
from exchanges.simulator.history import DAY_MS
from exchanges.simulator.records import Order, OrderSpec, TimeInForce
from exchanges.simulator.refusals import OrderRefused, Refusal

REFUSALS: dict[Refusal, tuple[int, str]] = {
    Refusal.INSUFFICIENT_FUNDS: (-2019, "Margin is insufficient."),
    Refusal.WOULD_TRIGGER_AT_ONCE: (-2021, "Order would immediately trigger."),
    Refusal.WOULD_TAKE: (
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected. The order will not be"
        " recorded in the order history",
    ),
    Refusal.TOO_SMALL: (-4004, "Quantity less than min quantity."),
    Refusal.WOULD_NOT_REDUCE: (-2022, "ReduceOnly Order is rejected."),
    Refusal.LEVERAGE_TOO_HIGH: (-2027, "Exceeded the maximum allowable position at current leverage."),
    Refusal.NOT_TRADING: (-4140, "Invalid symbol status for opening position."),
    Refusal.POST_ONLY_MODE: (-4140, "Invalid symbol status for opening position."),
}
NOT_FILLED = (
    "Due to the order could not be filled immediately, the FOK order has been rejected. The order will not be recorded"
    " in the order history"
)
WINDOW_MS = 7 * DAY_MS


def post_order(call: FuturesCall) -> Any:
    spec = read_order(call.params, call.symbol())
    response_type = read_response_type(call.params)
    order = place(call, spec)
    if spec.time_in_force is TimeInForce.FOK and order.status is OrderStatus.EXPIRED:
        raise ApiError(-5021, NOT_FILLED)
    return wire.new_order(order, call.market().listing, response_type)


def test_order(call: FuturesCall) -> Any:
    spec = read_order(call.params, call.symbol())
    check(call, spec)
    try:
        call.venue.check(call.account, spec)
    except OrderRefused as refused:
        raise ApiError(*REFUSALS[refused.refusal]) from refused
    return {}


def place(call: FuturesCall, spec: OrderSpec) -> Order:
    check(call, spec)
    call.limits.count_order(call.account.account_id)
    call.headers |= call.limits.order_headers(call.account.account_id)
    try:
        return call.venue.place(call.account, spec)
    except OrderRefused as refused:
        raise ApiError(*REFUSALS[refused.refusal]) from refused


def check(call: FuturesCall, spec: OrderSpec) -> None:
    """What is refused before the matching engine sees it, and the ids that are taken."""
    call.require_one_way()
    own = call.venue.open_orders(call.account, spec.symbol)
    market = call.venue.markets[spec.symbol]
    apply_filters(spec, market.listing, call.venue.mark_price(spec.symbol), own)
    if any(order.client_order_id == spec.client_order_id for order in own):
        raise ApiError(-4116, "ClientOrderId is duplicated.")


def get_order(call: FuturesCall) -> Any:
    order = find_order(call)
    if order is None:
        raise ApiError(-2013, "Order does not exist.")
    return wire.order(order, call.market().listing)


def get_open_order(call: FuturesCall) -> Any:
    order = find_order(call)
    if order is None or not order.is_open:
        raise ApiError(-2013, "Order does not exist.")
    return wire.order(order, call.market().listing)


def delete_order(call: FuturesCall) -> Any:
    order = find_order(call, prefer_open=True)
    if order is None or not order.is_open:
        raise ApiError(-2011, "Unknown order sent.")
    call.require_cancels()
    call.venue.cancel(order)
    return wire.order(order, call.market().listing)


def open_orders(call: FuturesCall) -> Any:
    symbol = call.symbol() if "symbol" in call.params else None
    orders = [order for order in call.venue.open_orders(call.account, symbol) if wire.is_in_book(order)]
    return [wire.order(order, call.venue.markets[order.symbol].listing) for order in _by_time(orders)]


def delete_open_orders(call: FuturesCall) -> Any:
    call.require_cancels()
    for order in call.venue.open_orders(call.account, call.symbol()):
        if wire.is_in_book(order):
            call.venue.cancel(order)
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def all_orders(call: FuturesCall) -> Any:
    symbol, first = call.symbol(), call.params.integer("orderId")
    start, end = time_range(call.params)
    orders = [
        order
        for order in call.venue.orders(call.account, symbol)
        if wire.is_in_book(order)
        and (first is None or order.order_id >= first)
        and (start is None or order.created_ms >= start)
        and (end is None or order.created_ms <= end)
    ]
    listing = call.market().listing
    is_forward = first is not None or start is not None
    return [wire.order(order, listing) for order in cut(orders, call.params.limit(500, 1000), is_forward=is_forward)]


def user_trades(call: FuturesCall) -> Any:
    symbol = call.symbol()
    order_id, first = call.params.integer("orderId"), call.params.integer("fromId")
    start, end = time_range(call.params)
    fills = [
        fill
        for fill in call.venue.fills(call.account, symbol)
        if (order_id is None or fill.order_id == order_id)
        and (first is None or fill.trade_id >= first)
        and (start is None or fill.time_ms >= start)
        and (end is None or fill.time_ms <= end)
    ]
    listing = call.market().listing
    is_forward = first is not None or start is not None
    return [wire.trade(fill, listing) for fill in cut(fills, call.params.limit(500, 1000), is_forward=is_forward)]


def force_orders(call: FuturesCall) -> Any:
    """https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/Users-Force-Orders"""
    symbols = [call.symbol()] if "symbol" in call.params else list(call.venue.markets)
    start, end = call.params.integer("startTime"), call.params.integer("endTime")
    orders = [
        order
        for symbol in symbols
        for order in call.venue.orders(call.account, symbol)
        if order.is_liquidation
        and (start is None or order.created_ms >= start)
        and (end is None or order.created_ms <= end)
    ]
    found = cut(_by_time(orders), call.params.limit(50, 100), is_forward=start is not None)
    return [wire.order(order, call.venue.markets[order.symbol].listing) for order in found]


def find_order(call: FuturesCall, *, prefer_open: bool = False) -> Order | None:
    """Of those in the book, by orderId or the newest of that origClientOrderId."""
    order_id, original_id = call.params.integer("orderId"), call.params.text("origClientOrderId", CLIENT_ID)
    if order_id is None and original_id is None:
        raise ApiError(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
    found = [
        order
        for order in call.venue.orders(call.account, call.symbol())
        if wire.is_in_book(order)
        and (order_id is None or order.order_id == order_id)
        and (original_id is None or order.client_order_id == original_id)
    ]
    if prefer_open:
        found = [order for order in found if order.is_open]
    return found[-1] if found else None


def time_range(params: Params) -> tuple[int | None, int | None]:
    start, end = params.integer("startTime"), params.integer("endTime")
    if start is not None and end is not None and end - start > WINDOW_MS:
        raise ApiError(-4166, "Search window is restricted to recent 7 days only.")
    return start, end


def cut(rows: list[Any], limit: int, *, is_forward: bool) -> list[Any]:
    """The first ones of a search from somewhere on, else the newest."""
    return rows[:limit] if is_forward else rows[-limit:]


def _by_time(orders: list[Order]) -> list[Order]:
    return sorted(orders, key=lambda order: order.created_ms)


def _with_symbol(one: int, every: int) -> Any:
    return lambda params: one if "symbol" in params else every


ORDER = "/fapi/v1/order"
ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("POST", ORDER): Endpoint(post_order, 0, Security.TRADE, operation="submit"),
    ("POST", f"{ORDER}/test"): Endpoint(test_order, 0, Security.TRADE),
    ("GET", ORDER): Endpoint(get_order, 1, Security.USER_DATA, operation="get_order"),
    ("DELETE", ORDER): Endpoint(delete_order, 1, Security.TRADE, operation="cancel"),
    ("GET", "/fapi/v1/openOrder"): Endpoint(get_open_order, 1, Security.USER_DATA, operation="get_order"),
    ("GET", "/fapi/v1/openOrders"): Endpoint(
        open_orders, _with_symbol(1, 40), Security.USER_DATA, operation="open_orders"
    ),
    ("DELETE", "/fapi/v1/allOpenOrders"): Endpoint(delete_open_orders, 1, Security.TRADE, operation="cancel"),
    ("GET", "/fapi/v1/allOrders"): Endpoint(all_orders, 5, Security.USER_DATA),
    ("GET", "/fapi/v1/forceOrders"): Endpoint(force_orders, _with_symbol(20, 50), Security.USER_DATA),
    ("GET", "/fapi/v1/userTrades"): Endpoint(user_trades, 5, Security.USER_DATA, operation="fills"),
}
