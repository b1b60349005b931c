"""Orders: place, look up, cancel. https://docs.kraken.com/api/docs/rest-api/add-order and the pages after it"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from exchanges.base import OrderStatus, OrderType, VenueStatus
from exchanges.simulator.kraken import orders
from exchanges.simulator.kraken.call import Call, Endpoint
from exchanges.simulator.kraken.limits import cancel_cost
from exchanges.simulator.kraken.names import find_record, order_key, pair
from exchanges.simulator.kraken.order_params import read_order
from exchanges.simulator.kraken.params import ApiError, invalid
from exchanges.simulator.records import Order, OrderSpec, Permission
from exchanges.simulator.refusals import OrderRefused, Refusal

ORDERS_PER_PAGE = 50
IDS_PER_QUERY = 50
# What an order that has triggered at once goes on as.
AFTER_TRIGGER = {
    OrderType.STOP_LOSS: OrderType.MARKET,
    OrderType.TAKE_PROFIT: OrderType.MARKET,
    OrderType.STOP_LOSS_LIMIT: OrderType.LIMIT,
    OrderType.TAKE_PROFIT_LIMIT: OrderType.LIMIT,
}
POST_ONLY_REASON = "Post only order"


def add_order(call: Call) -> Any:
    symbol = call.symbol()
    call.counters.count_order(call.account.account_id, symbol, 1)
    spec = read_order(call, symbol)
    _require_open_market(call, spec)
    own = call.venue.open_orders(call.account)
    call.counters.require_room(sum(order.symbol == symbol for order in own))
    if spec.client_order_id and any(order.client_order_id == spec.client_order_id for order in own):
        raise invalid("cl_ord_id not unique")
    names = pair(call.venue.markets[symbol].listing)
    volume = spec.quote_quantity or spec.quantity
    description = orders.describe(spec.wire, spec.side.lower(), volume, names.altname, spec.leverage)
    if call.params.flag("validate"):
        _checked(call, spec)
        return {"descr": {"order": description}}
    order = _placed(call, spec)
    return {"descr": {"order": description}, "txid": [order_key(call.venue, symbol, order.order_id)]}


def _checked(call: Call, spec: OrderSpec) -> None:
    try:
        call.venue.check(call.account, spec)
    except OrderRefused as refused:
        if refused.refusal not in (Refusal.WOULD_TRIGGER_AT_ONCE, Refusal.WOULD_TAKE):
            raise _refusal(refused.refusal, spec) from refused


def _placed(call: Call, spec: OrderSpec) -> Order:
    """A stop that is through its price already triggers at once; a post-only order that would take is taken back."""
    try:
        return call.venue.place(call.account, spec)
    except OrderRefused as refused:
        if refused.refusal is Refusal.WOULD_TRIGGER_AT_ONCE and spec.order_type in AFTER_TRIGGER:
            at_once = replace(spec, order_type=AFTER_TRIGGER[spec.order_type], stop_price=None)
            return _placed(call, at_once)
        if refused.refusal is Refusal.WOULD_TAKE:
            return _ended_at_once(call, spec, POST_ONLY_REASON)
        raise _refusal(refused.refusal, spec) from refused


def _refusal(refusal: Refusal, spec: OrderSpec) -> ApiError:
    if refusal is Refusal.INSUFFICIENT_FUNDS:
        return ApiError("EOrder:Margin level too low" if spec.leverage else "EOrder:Insufficient funds")
    return ApiError(
        {
            Refusal.TOO_SMALL: "EOrder:Order minimum not met",
            Refusal.WOULD_NOT_REDUCE: "EOrder:Reduce only:No position exists",
            Refusal.LEVERAGE_TOO_HIGH: "EGeneral:Invalid arguments:leverage",
            Refusal.NOT_TRADING: "EService:Market in cancel_only mode",
            Refusal.POST_ONLY_MODE: "EService:Market in post_only mode",
        }.get(refusal, "EOrder:Invalid order")
    )


def _ended_at_once(call: Call, spec: OrderSpec, reason: str) -> Order:
    """The venue gives it an id and cancels it: whoever placed it sees that in the look-up only."""
    numbers = [o.order_id for account in call.venue.accounts.values() for o in call.venue.orders(account, spec.symbol)]
    order = Order(
        symbol=spec.symbol,
        order_id=max(numbers, default=0) + 1,
        account_id=call.account.account_id,
        client_order_id=spec.client_order_id,
        side=spec.side,
        order_type=spec.order_type,
        status=OrderStatus.CANCELED,
        quantity=spec.quantity,
        created_ms=call.now_ms,
        updated_ms=call.now_ms,
        post_only=spec.post_only,
        limit_price=spec.limit_price,
        leverage=spec.leverage,
        is_position=spec.leverage is not None,
        wire=spec.wire | {orders.WIRE_REASON: reason},
    )
    call.venue.add(order)
    return order


def _require_open_market(call: Call, spec: OrderSpec) -> None:
    status = call.venue.status
    if status in (VenueStatus.CANCEL_ONLY, VenueStatus.SUSPENDED):
        raise ApiError("EService:Market in cancel_only mode")
    if status is VenueStatus.POST_ONLY and not spec.post_only:
        raise ApiError("EService:Market in post_only mode")


# --- cancels
def cancel_order(call: Call) -> Any:
    """By `txid`, which may be a user reference too, or by `cl_ord_id`."""
    found = _named_orders(call)
    if not found:
        raise ApiError("EOrder:Unknown order")
    return {"count": _cancel(call, found)}


def cancel_all(call: Call) -> Any:
    return {"count": _cancel(call, call.venue.open_orders(call.account))}


def _named_orders(call: Call) -> list[Order]:
    own = call.venue.open_orders(call.account)
    if client_id := call.params.text("cl_ord_id"):
        return [order for order in own if _same_id(order.client_order_id, client_id)]
    text = call.params.required("txid")
    named = find_record("O", call.venue, text)
    if named is not None:
        return [order for order in own if (order.symbol, order.order_id) == named]
    return [order for order in own if order.wire.get(orders.WIRE_USERREF) == text]


def _cancel(call: Call, found: Iterable[Order]) -> int:
    if call.venue.status is VenueStatus.SUSPENDED:
        raise ApiError("EService:Unavailable")
    count = 0
    for order in found:
        rested = (call.now_ms - order.created_ms) / 1000
        call.counters.count_order(call.account.account_id, order.symbol, cancel_cost(rested))
        order.wire[orders.WIRE_REASON] = "User requested"
        call.venue.cancel(order)
        count += 1
    return count


# --- look-ups
def open_orders(call: Call) -> Any:
    return {"open": _listed(call, [order for order in _wanted(call) if order.is_open])}


def closed_orders(call: Call) -> Any:
    """The newest 50, from `ofs` on."""
    start, end = _bound(call, "start"), _bound(call, "end")
    which = call.params.text("closetime") or "both"
    if which not in ("open", "close", "both"):
        raise invalid("closetime")
    found = [
        order
        for order in _wanted(call)
        if not order.is_open
        and (start is None or _time(order, which) > start)
        and (end is None or _time(order, which) <= end)
    ]
    offset = call.params.integer("ofs") or 0
    reply = {"closed": _listed(call, found[offset : offset + ORDERS_PER_PAGE])}
    return reply if call.params.flag("without_count") else reply | {"count": len(found)}


def query_orders(call: Call) -> Any:
    ids = call.params.list("txid")
    if not ids or len(ids) > IDS_PER_QUERY:
        raise invalid("txid")
    found = []
    for text in ids:
        named = find_record("O", call.venue, text)
        order = call.venue.order(*named) if named else None
        if order is None or order.account_id != call.account.account_id:
            raise ApiError("EOrder:Unknown order")
        found.append(order)
    return _listed(call, found)


def _wanted(call: Call) -> list[Order]:
    """All of the account that `userref` and `cl_ord_id` leave, newest first."""
    userref, client_id = call.params.text("userref"), call.params.text("cl_ord_id")
    found = [
        order
        for symbol in call.venue.markets
        for order in call.venue.orders(call.account, symbol)
        if (userref is None or order.wire.get(orders.WIRE_USERREF) == userref)
        and (client_id is None or _same_id(order.client_order_id, client_id))
    ]
    return sorted(found, key=lambda order: (order.created_ms, order.order_id), reverse=True)


def _listed(call: Call, found: Iterable[Order]) -> dict[str, Any]:
    with_trades = call.params.flag("trades")
    return {
        order_key(call.venue, order.symbol, order.order_id): orders.order(call, order, with_trades=with_trades)
        for order in found
    }


def _bound(call: Call, name: str) -> int | None:
    """In milliseconds, from Unix time or an order's id."""
    text = call.params.text(name)
    if text is None:
        return None
    named = find_record("O", call.venue, text)
    order = call.venue.order(*named) if named else None
    if order is not None:
        return order.created_ms
    bound = call.params.decimal(name)
    return None if bound is None else int(bound * 1000)


def _time(order: Order, which: str) -> int:
    return order.created_ms if which == "open" else order.updated_ms


def _same_id(one: str, other: str) -> bool:
    """A UUID is the same with and without dashes."""
    return bool(one) and (one == other or (len(one) >= 32 and one.replace("-", "") == other.replace("-", "")))


ENDPOINTS: dict[str, Endpoint] = {
    "AddOrder": Endpoint(add_order, "submit", 0, Permission.TRADE),
    "CancelOrder": Endpoint(cancel_order, "cancel", 0, Permission.TRADE),
    "CancelAll": Endpoint(cancel_all, "cancel", 1, Permission.TRADE),
    "OpenOrders": Endpoint(open_orders, "open_orders"),
    "ClosedOrders": Endpoint(closed_orders, "get_order"),
    "QueryOrders": Endpoint(query_orders, "get_order"),
}
