"""Order lists: OCO, one cancels the other.

https://github.com/binance/binance-spot-api-docs/blob/master/rest-api.md#new-order-list---oco-trade
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchanges.base import Side
from exchanges.simulator.binance.call import Call, Endpoint, Security
from exchanges.simulator.binance.params import CLIENT_ID, ApiError, missing
from exchanges.simulator.binance_spot import wire
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
from exchanges.simulator.binance_spot.trading import REFUSALS, canceled_list, check_specs, require_cancels
from exchanges.simulator.records import Order, OrderList, OrderSpec
from exchanges.simulator.venue import OrderRefused

LEG_PARAMS = "Type ClientOrderId Price StopPrice TimeInForce StrategyId StrategyType"
OCO_PARAMS = " ".join(
    [
        "symbol listClientOrderId side quantity newOrderRespType selfTradePreventionMode",
        *(f"above{name} below{name}" for name in LEG_PARAMS.split()),
    ]
)
STOPS = (WireType.STOP_LOSS, WireType.STOP_LOSS_LIMIT)


def post_oco(call: Call) -> Any:
    symbol = call.symbol()
    side = read_side(call.params)
    quantity = read_quantity(call.params, "quantity")
    above_type, above = _read_leg(call, "above", symbol, side, quantity)
    below_type, below = _read_leg(call, "below", symbol, side, quantity)
    _check_types(side, above_type, below_type)
    list_client_id = client_id(call.params, "listClientOrderId")
    response_type = read_response_type(call.params, ResponseType.RESULT)
    check_specs(call, [above, below])
    require_new_list(call, list_client_id)
    require_apart(call, above, below)
    return place_pair(call, (below, above), list_client_id, response_type)


def place_pair(
    call: Call, specs: tuple[OrderSpec, OrderSpec], list_client_id: str, response_type: ResponseType
) -> dict[str, Any]:
    call.limits.count_order(call.account.account_id, 2)
    try:
        pair = call.venue.place_pair(call.account, specs, list_client_id)
    except OrderRefused as refused:
        raise ApiError(*REFUSALS[refused.refusal]) from refused
    call.headers |= call.limits.order_headers(call.account.account_id)
    orders = _orders(call, pair)
    reports = [call.shown(wire.new_order(order, [], response_type)) for order in orders]
    return call.shown(wire.order_list(pair, orders)) | {"orderReports": reports}


def require_new_list(call: Call, list_client_id: str) -> None:
    if any(pair.client_list_id == list_client_id for pair, _ in _own_lists(call, open_only=True)):
        raise ApiError(-2010, "Duplicate order sent.")


def require_apart(call: Call, above: OrderSpec, below: OrderSpec) -> None:
    price = call.venue.markets[above.symbol].price_at(call.now_ms)
    if not _level(above) > price > _level(below):
        raise ApiError(-2010, "The relationship of the prices for the orders is not correct.")


def get_list(call: Call) -> Any:
    found = _find(call, "origClientOrderId")
    if found is None:
        raise ApiError(-2018, "Order list does not exist.")
    return call.shown(wire.order_list(*found))


def open_lists(call: Call) -> Any:
    return [call.shown(wire.order_list(pair, orders)) for pair, orders in _own_lists(call, open_only=True)]


def all_lists(call: Call) -> Any:
    lists = [call.shown(wire.order_list(pair, orders)) for pair, orders in _own_lists(call)]
    first = call.params.integer("fromId")
    limit = call.params.limit(500, 1000)
    if first is not None:
        return [entry for entry in lists if entry["orderListId"] >= first][:limit]
    return lists[-limit:]


def delete_list(call: Call) -> Any:
    symbol = call.symbol()
    found = _find(call, "listClientOrderId")
    cancel_id = client_id(call.params, "newClientOrderId")
    open_legs = [order for order in found[1] if order.is_open] if found else []
    if found is None or found[0].symbol != symbol or not open_legs:
        raise ApiError(-2011, "Unknown order list sent.")
    require_cancels(call)
    call.venue.cancel(open_legs[0])
    return canceled_list(call, found[0].list_id, cancel_id)


def _read_leg(call: Call, leg: str, symbol: str, side: Side, quantity: Decimal) -> tuple[WireType, OrderSpec]:
    params = call.params
    unsupported = ApiError(-1158, "Order type not supported in OCO.")
    wire_type = params.choice(f"{leg}Type", WireType, unsupported)
    if wire_type is None:
        raise missing(f"{leg}Type")
    if wire_type in (WireType.LIMIT, WireType.MARKET):
        raise unsupported
    rule = RULES[wire_type]
    return wire_type, OrderSpec(
        symbol=symbol,
        side=side,
        order_type=wire_type.order_type,
        client_order_id=client_id(params, f"{leg}ClientOrderId"),
        quantity=quantity,
        limit_price=read_price(params, f"{leg}Price", wanted=rule.price),
        stop_price=read_price(params, f"{leg}StopPrice", wanted=rule.stop_price),
        time_in_force=read_time_in_force(params, f"{leg}TimeInForce", wanted=rule.time_in_force),
        post_only=wire_type is WireType.LIMIT_MAKER,
        wire=read_wire(params),
    )


def _check_types(side: Side, above: WireType, below: WireType) -> None:
    """A stop on the losing side, a limit or take profit on the winning one."""
    if above not in STOPS and below not in STOPS:
        raise ApiError(-1168, "At least one OCO order must be contingent.")
    if side is Side.SELL and above in STOPS:
        raise ApiError(-1197, "A stop loss order in a sell OCO must be below.")
    if side is Side.BUY and below in STOPS:
        raise ApiError(-1196, "A stop loss order in a buy OCO must be above.")


def _level(spec: OrderSpec) -> Decimal:
    """The price at which the order acts."""
    level = spec.stop_price if spec.stop_price is not None else spec.limit_price
    if level is None:
        raise RuntimeError("every leg has a price")
    return level


def _own_lists(call: Call, *, open_only: bool = False) -> list[tuple[OrderList, list[Order]]]:
    pairs = [
        (pair, _orders(call, pair))
        for pair in call.venue.order_lists.values()
        if pair.account_id == call.account.account_id
    ]
    return [(p, orders) for p, orders in pairs if not open_only or any(o.is_open for o in orders)]


def _orders(call: Call, pair: OrderList) -> list[Order]:
    return [order for i in pair.order_ids if (order := call.venue.order(pair.symbol, i))]


def _find(call: Call, id_param: str) -> tuple[OrderList, list[Order]] | None:
    list_id = call.params.integer("orderListId")
    text = call.params.text(id_param, CLIENT_ID)
    if list_id is None and text is None:
        raise ApiError(-1102, f"Param '{id_param}' or 'orderListId' must be sent, but both were empty/null!")
    found = [
        (pair, orders)
        for pair, orders in _own_lists(call)
        if (list_id is None or pair.list_id == list_id) and (text is None or pair.client_list_id == text)
    ]
    return found[-1] if found else None


ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("POST", "/api/v3/orderList/oco"): Endpoint(post_oco, 1, Security.TRADE, OCO_PARAMS, "submit"),
    ("GET", "/api/v3/orderList"): Endpoint(get_list, 4, Security.USER_DATA, "orderListId origClientOrderId"),
    ("DELETE", "/api/v3/orderList"): Endpoint(
        delete_list, 1, Security.TRADE, "symbol orderListId listClientOrderId newClientOrderId", "cancel"
    ),
    ("GET", "/api/v3/openOrderList"): Endpoint(open_lists, 6, Security.USER_DATA),
    ("GET", "/api/v3/allOrderList"): Endpoint(all_lists, 20, Security.USER_DATA, "fromId startTime endTime limit"),
}
