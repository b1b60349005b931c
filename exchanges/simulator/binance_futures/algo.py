"""The algo service: conditional orders, which wait outside the book until they trigger.

Nothing of an account's margin is looked at before that. https://developers.binance.com/docs/derivatives
/usds-margined-futures/trade/rest-api/New-Algo-Order. Once triggered, the order in the book has the same client id here.
"""

from __future__ import annotations

from typing import Any

from exchanges.simulator.binance.call import Endpoint, Security
from exchanges.simulator.binance.params import ApiError
from exchanges.simulator.binance_futures import wire
from exchanges.simulator.binance_futures.call import FuturesCall
from exchanges.simulator.binance_futures.order_params import CLIENT_ID, read_algo_order
from exchanges.simulator.binance_futures.trading import cut, place, time_range
from exchanges.simulator.records import Order


def post_algo_order(call: FuturesCall) -> Any:
    return _shown(call, place(call, read_algo_order(call.params, call.symbol())))


def get_algo_order(call: FuturesCall) -> Any:
    order = _find(call)
    if order is None:
        raise ApiError(-2013, "Order does not exist.")
    return _shown(call, order)


def delete_algo_order(call: FuturesCall) -> Any:
    order = _find(call)
    if order is None or not order.is_open or order.triggered:
        raise ApiError(-2011, "Unknown order sent.")
    call.require_cancels()
    call.venue.cancel(order)
    return {
        "algoId": _algo_id(call, order),
        "clientAlgoId": order.client_order_id,
        "code": "200",
        "msg": "success",
    }


def open_algo_orders(call: FuturesCall) -> Any:
    symbol = call.symbol() if "symbol" in call.params else None
    orders = [order for order in call.venue.open_orders(call.account, symbol) if order.waits_for_trigger]
    return [_shown(call, order) for order in sorted(orders, key=lambda order: order.created_ms)]


def delete_open_algo_orders(call: FuturesCall) -> Any:
    call.require_cancels()
    for order in call.venue.open_orders(call.account, call.symbol()):
        if order.waits_for_trigger:
            call.venue.cancel(order)
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def all_algo_orders(call: FuturesCall) -> Any:
    first = call.params.integer("algoId")
    start, end = time_range(call.params)
    orders = [
        order
        for order in call.venue.orders(call.account, call.symbol())
        if wire.is_conditional(order)
        and (first is None or _algo_id(call, order) >= first)
        and (start is None or order.created_ms >= start)
        and (end is None or order.created_ms <= end)
    ]
    is_forward = first is not None or start is not None
    return [_shown(call, order) for order in cut(orders, call.params.limit(500, 1000), is_forward=is_forward)]


def _find(call: FuturesCall) -> Order | None:
    """By algoId, or the newest of that clientAlgoId; the symbol need not be told."""
    algo_id, client_id = call.params.integer("algoId"), call.params.text("clientAlgoId", CLIENT_ID)
    if algo_id is None and client_id is None:
        raise ApiError(-1102, "Param 'algoId' or 'clientAlgoId' must be sent, but both were empty/null!")
    found = [
        order
        for symbol in call.venue.markets
        for order in call.venue.orders(call.account, symbol)
        if wire.is_conditional(order)
        and (algo_id is None or _algo_id(call, order) == algo_id)
        and (client_id is None or order.client_order_id == client_id)
    ]
    return max(found, key=lambda order: order.created_ms) if found else None


def _algo_id(call: FuturesCall, order: Order) -> int:
    return (list(call.venue.markets).index(order.symbol) + 1) * wire.ALGO_ID_SPACING + order.order_id


def _shown(call: FuturesCall, order: Order) -> dict[str, Any]:
    return wire.algo_order(order, call.venue.markets[order.symbol].listing, _algo_id(call, order))


ORDER = "/fapi/v1/algoOrder"
ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("POST", ORDER): Endpoint(post_algo_order, 0, Security.TRADE, operation="submit"),
    ("GET", ORDER): Endpoint(get_algo_order, 1, Security.USER_DATA, operation="get_order"),
    ("DELETE", ORDER): Endpoint(delete_algo_order, 1, Security.TRADE, operation="cancel"),
    ("GET", "/fapi/v1/openAlgoOrders"): Endpoint(
        open_algo_orders,
        lambda params: 1 if "symbol" in params else 40,
        Security.USER_DATA,
        operation="open_orders",
    ),
    ("DELETE", "/fapi/v1/algoOpenOrders"): Endpoint(delete_open_algo_orders, 1, Security.TRADE, operation="cancel"),
    ("GET", "/fapi/v1/allAlgoOrders"): Endpoint(all_algo_orders, 5, Security.USER_DATA),
}
