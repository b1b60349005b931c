"""Orders: place, look up, cancel.

https://github.com/binance/binance-spot-api-docs/blob/master/rest-api.md#trading-endpoints
"""

from __future__ import annotations

from typing import Any

from exchanges.base import OrderStatus, OrderType, VenueStatus
from exchanges.simulator.binance.call import Call, Endpoint, Security
from exchanges.simulator.binance.params import CLIENT_ID, ApiError, Params
from exchanges.simulator.binance_spot import wire
from exchanges.simulator.binance_spot.filters import apply_filters
from exchanges.simulator.binance_spot.order_params import (
    ORDER_PARAMS,
    ResponseType,
    client_id,
    read_order,
    read_response_type,
)
from exchanges.simulator.history import DAY_MS
from exchanges.simulator.records import Order, OrderSpec
from exchanges.simulator.venue import OrderRefused, Refusal

REFUSALS: dict[Refusal, tuple[int, str]] = {
    Refusal.INSUFFICIENT_FUNDS: (-2010, "Account has insufficient balance for requested action."),
    Refusal.WOULD_TRIGGER_AT_ONCE: (-2010, "Order would trigger immediately."),
    Refusal.WOULD_TAKE: (-2010, "Order would immediately match and take."),
    Refusal.WRONG_PRICES: (-2010, "The relationship of the prices for the orders is not correct."),
    Refusal.TOO_SMALL: (-1013, "Filter failure: LOT_SIZE"),
    Refusal.NOT_TRADING: (-2010, "Market is closed."),
    Refusal.POST_ONLY_MODE: (-2010, "Market is closed."),
    Refusal.CANNOT_BORROW: (-11008, "Exceeding the account's maximum borrowable limit."),  # of margin accounts
}


def post_order(call: Call) -> Any:
    spec = call.completed(read_order(call.params, call.symbol()))
    is_plain = spec.order_type in (OrderType.MARKET, OrderType.LIMIT) and not spec.post_only
    response_type = read_response_type(call.params, ResponseType.FULL if is_plain else ResponseType.ACK)
    check_specs(call, [spec])
    call.limits.count_order(call.account.account_id)
    try:
        order = call.venue.place(call.account, spec)
    except OrderRefused as refused:
        raise ApiError(*REFUSALS[refused.refusal]) from refused
    if order.filled_quantity:
        call.limits.order_filled(call.account.account_id)
    call.headers |= call.limits.order_headers(call.account.account_id)
    return call.shown(wire.new_order(order, call.venue.fills_of(order), response_type))


def test_order(call: Call) -> Any:
    spec = read_order(call.params, call.symbol())
    check_specs(call, [spec])
    try:
        call.venue.check(call.account, spec)
    except OrderRefused as refused:
        raise ApiError(*REFUSALS[refused.refusal]) from refused
    if not call.params.flag("computeCommissionRates"):
        return {}
    rates = {"maker": wire.fixed(call.account.maker_fee), "taker": wire.fixed(call.account.taker_fee)}
    nothing = {"maker": "0.00000000", "taker": "0.00000000"}
    return {
        "standardCommissionForOrder": rates,
        "specialCommissionForOrder": nothing,
        "taxCommissionForOrder": nothing,
        "discount": {
            "enabledForAccount": call.account.pays_fees_in_bnb,
            "enabledForSymbol": True,
            "discountAsset": "BNB",
            "discount": "0.75000000",
        },
    }


def get_order(call: Call) -> Any:
    order = find_order(call, call.symbol())
    if order is None:
        raise ApiError(-2013, "Order does not exist.")
    return call.shown(wire.order(order))


def delete_order(call: Call) -> Any:
    order = find_order(call, call.symbol(), prefer_open=True)
    cancel_id = client_id(call.params, "newClientOrderId")
    restriction = call.params.text("cancelRestrictions")
    if restriction not in (None, "ONLY_NEW", "ONLY_PARTIALLY_FILLED"):
        raise ApiError(-1145, "Invalid cancelRestrictions")
    if order is None or not order.is_open:
        raise ApiError(-2011, "Unknown order sent.")
    if restriction and wire.STATUSES[order.status] != restriction.removeprefix("ONLY_"):
        raise ApiError(-2011, "Order was not canceled due to cancel restrictions.")
    require_cancels(call)
    canceled = call.venue.cancel(order)
    if order.list_id is not None:
        return canceled_list(call, order.list_id, cancel_id)
    return call.shown(wire.canceled_order(canceled[0], cancel_id))


def open_orders(call: Call) -> Any:
    symbol = call.symbol() if "symbol" in call.params else None
    orders = call.venue.open_orders(call.account, symbol)
    return [call.shown(wire.order(order)) for order in sorted(orders, key=lambda order: order.created_ms)]


def delete_open_orders(call: Call) -> Any:
    orders = call.venue.open_orders(call.account, call.symbol())
    if not orders:
        raise ApiError(-2011, "Unknown order sent.")
    require_cancels(call)
    cancel_id = client_id(call.params, "newClientOrderId")
    answer = []
    for order in orders:
        if not order.is_open:  # went with the other one of its pair
            continue
        call.venue.cancel(order)
        if order.list_id is None:
            answer.append(call.shown(wire.canceled_order(order, cancel_id)))
        else:
            answer.append(canceled_list(call, order.list_id, cancel_id))
    return answer


def all_orders(call: Call) -> Any:
    symbol = call.symbol()
    first = call.params.integer("orderId")
    start, end = time_range(call.params)
    limit = call.params.limit(500, 1000)
    orders = [
        order
        for order in call.venue.orders(call.account, symbol)
        if (first is None or order.order_id >= first)
        and (start is None or order.created_ms >= start)
        and (end is None or order.created_ms <= end)
    ]
    is_forward = first is not None or start is not None
    return [call.shown(wire.order(order)) for order in (orders[:limit] if is_forward else orders[-limit:])]


def my_trades(call: Call) -> Any:
    symbol = call.symbol()
    order_id, first = call.params.integer("orderId"), call.params.integer("fromId")
    start, end = time_range(call.params)
    if (first is not None or order_id is not None) and (start is not None or end is not None):
        raise ApiError(-1128, "Combination of optional parameters invalid.")
    limit = call.params.limit(500, 1000)
    fills = [
        fill
        for fill in call.venue.fills(call.account, symbol)
        if (order_id is None or fill.order_id == order_id)
        and (first is None or fill.trade_id >= first)
        and (start is None or fill.time_ms >= start)
        and (end is None or fill.time_ms <= end)
    ]
    is_forward = first is not None or start is not None
    return [call.shown(wire.trade(fill)) for fill in (fills[:limit] if is_forward else fills[-limit:])]


def require_cancels(call: Call) -> None:
    if call.status is VenueStatus.SUSPENDED:
        raise ApiError(-2011, "Market is closed.")


def check_specs(call: Call, specs: list[OrderSpec]) -> None:
    """What is refused before the matching engine sees it, and the ids that are taken."""
    symbol = specs[0].symbol
    own = call.venue.open_orders(call.account, symbol)
    apply_filters(specs, call.venue.markets[symbol], call.now_ms, own)
    taken = {order.client_order_id for order in own}
    for spec in specs:
        if spec.client_order_id in taken:
            raise ApiError(-2010, "Duplicate order sent.")
        taken.add(spec.client_order_id)


def find_order(call: Call, symbol: str, *, prefer_open: bool = False) -> Order | None:
    """By orderId, or the newest of that origClientOrderId; with both, both must fit."""
    order_id = call.params.integer("orderId")
    original_id = call.params.text("origClientOrderId", CLIENT_ID)
    if order_id is None and original_id is None:
        raise ApiError(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
    found = [
        order
        for order in call.venue.orders(call.account, symbol)
        if (order_id is None or order.order_id == order_id)
        and (original_id is None or order.client_order_id == original_id)
    ]
    if prefer_open:
        found = [order for order in found if order.is_open]
    return found[-1] if found else None


def canceled_list(call: Call, list_id: int, cancel_id: str) -> dict[str, Any]:
    pair = call.venue.order_lists[list_id]
    orders = [order for i in pair.order_ids if (order := call.venue.order(pair.symbol, i))]
    reports = [call.shown(wire.canceled_order(o, cancel_id)) for o in orders if o.status is OrderStatus.CANCELED]
    return call.shown(wire.order_list(pair, orders)) | {"orderReports": reports}


def time_range(params: Params) -> tuple[int | None, int | None]:
    start, end = params.integer("startTime"), params.integer("endTime")
    if start is not None and end is not None and end - start > DAY_MS:
        raise ApiError(-1127, "More than 24 hours between startTime and endTime.")
    return start, end


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("POST", "/api/v3/order"): Endpoint(post_order, 1, Security.TRADE, ORDER_PARAMS, "submit"),
    ("POST", "/api/v3/order/test"): Endpoint(
        test_order,
        lambda params: 20 if params.flag("computeCommissionRates") else 1,
        Security.TRADE,
        f"{ORDER_PARAMS} computeCommissionRates",
    ),
    ("GET", "/api/v3/order"): Endpoint(
        get_order, 4, Security.USER_DATA, "symbol orderId origClientOrderId", "get_order"
    ),
    ("DELETE", "/api/v3/order"): Endpoint(
        delete_order,
        1,
        Security.TRADE,
        "symbol orderId origClientOrderId newClientOrderId cancelRestrictions",
        "cancel",
    ),
    ("GET", "/api/v3/openOrders"): Endpoint(
        open_orders, lambda params: 6 if "symbol" in params else 80, Security.USER_DATA, "symbol", "open_orders"
    ),
    ("DELETE", "/api/v3/openOrders"): Endpoint(
        delete_open_orders, 1, Security.TRADE, "symbol newClientOrderId", "cancel"
    ),
    ("GET", "/api/v3/allOrders"): Endpoint(
        all_orders, 20, Security.USER_DATA, "symbol orderId startTime endTime limit"
    ),
    ("GET", "/api/v3/myTrades"): Endpoint(
        my_trades,
        lambda params: 5 if "orderId" in params else 20,
        Security.USER_DATA,
        "symbol orderId startTime endTime fromId limit",
        "fills",
    ),
}
