"""Orders: place, look up, cancel; fills; accounts and fees.

https://docs.cdp.coinbase.com/api-reference/exchange-api/rest-api/orders/create-new-order and its neighbours
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from exchanges.base import ZERO, VenueStatus
from exchanges.simulator.coinbase import ids
from exchanges.simulator.coinbase_exchange import wire
from exchanges.simulator.coinbase_exchange.call import ApiError, Call, find_market
from exchanges.simulator.coinbase_exchange.order_params import read_order
from exchanges.simulator.faults import Raw
from exchanges.simulator.records import Holding, Order, plain
from exchanges.simulator.venue import OrderRefused, Refusal

MOST_ROWS = 1000  # https://docs.cdp.coinbase.com/exchange/rest-api/pagination
OPEN_STATUSES = ("open", "pending", "active")
REFUSALS: dict[Refusal, str] = {
    Refusal.INSUFFICIENT_FUNDS: "Insufficient funds",
    Refusal.WOULD_TRIGGER_AT_ONCE: "stop price must be reached by the market only later",
    Refusal.TOO_SMALL: "size is too small",
    Refusal.NOT_TRADING: "Trading is disabled",
    Refusal.POST_ONLY_MODE: "Post only mode",
}
Row = TypeVar("Row")


# --- orders
def create_order(call: Call) -> Any:
    body = call.body()
    if call.venue.status is VenueStatus.CANCEL_ONLY:
        raise ApiError("Cancel only mode")
    spec = read_order(call, body)
    if spec.client_order_id and _order_of_client(call, spec.client_order_id):
        raise ApiError("Duplicate client_oid")
    try:
        return wire.new_order(call.venue, call.venue.place(call.account, spec))
    except OrderRefused as refused:
        if refused.refusal is Refusal.WOULD_TAKE:
            return _rejected(body)
        raise ApiError(REFUSALS[refused.refusal]) from refused


def _rejected(body: dict[str, Any]) -> Any:
    """What the matching engine did not take, it has no order of."""
    names = ("product_id", "side", "price", "size", "client_oid")
    return {name: body[name] for name in names if name in body} | {
        "id": str(UUID(int=0)),
        "type": "limit",
        "time_in_force": "GTC",
        "post_only": True,
        "filled_size": "0",
        "executed_value": "0",
        "fill_fees": "0",
        "status": "rejected",
        "settled": True,
        "reject_reason": "post only",
    }


def get_order(call: Call) -> Any:
    return _shown(call, _find(call))


def delete_order(call: Call) -> Any:
    order = _find(call)
    if not order.is_open:
        raise ApiError("Order already done")
    product = call.text("product_id")
    if product is not None and product.replace("/", "-") != wire.product_id(order.symbol):
        raise ApiError("order not found", 404)
    _cancel(call, order)
    return Raw(json.dumps(ids.order_id(call.venue, order)))


def delete_orders(call: Call) -> Any:
    product = call.text("product_id")
    orders = [
        order
        for order in call.venue.open_orders(call.account)
        if product is None or product.replace("/", "-") == wire.product_id(order.symbol)
    ]
    for order in orders:
        _cancel(call, order)
    return [ids.order_id(call.venue, order) for order in orders]


def _cancel(call: Call, order: Order) -> None:
    if call.venue.status is VenueStatus.SUSPENDED:
        raise ApiError("Trading is disabled")
    call.venue.cancel(order)


def list_orders(call: Call) -> Any:
    """Those that are open, unless statuses are named."""
    statuses = call.texts("status") or list(OPEN_STATUSES)
    product = call.text("product_id")
    start, end = call.moment_ms("start_date"), call.moment_ms("end_date")
    found = [
        order
        for symbol in call.venue.markets
        if product is None or wire.product_id(symbol) == product
        for order in call.venue.orders(call.account, symbol)
        if not _is_forgotten(order)
        and ("all" in statuses or wire.status(order) in statuses)
        and (start is None or order.created_ms >= start)
        and (end is None or order.created_ms <= end)
    ]
    found.sort(key=lambda order: (order.created_ms, order.order_id, order.symbol), reverse=True)
    return [_shown(call, order) for order in _page(call, found, lambda order: ids.order_id(call.venue, order))]


def list_fills(call: Call) -> Any:
    order_id, product = call.text("order_id"), call.text("product_id")
    if order_id is None and product is None:
        raise ApiError("Either order_id or product_id must be provided")
    if product is not None:
        find_market(call.venue, product)
    start, end = call.moment_ms("start_date"), call.moment_ms("end_date")
    found = [
        (fill, shown)
        for symbol in call.venue.markets
        if product is None or wire.product_id(symbol) == product
        for order in call.venue.orders(call.account, symbol)
        if order_id in (None, shown := ids.order_id(call.venue, order))
        for fill in call.venue.fills_of(order)
        if (start is None or fill.time_ms >= start) and (end is None or fill.time_ms <= end)
    ]
    found.sort(key=lambda pair: (pair[0].time_ms, pair[0].trade_id), reverse=True)
    rows = [wire.fill(call.venue, fill, shown) for fill, shown in found]
    return list(_page(call, rows, lambda row: str(row["trade_id"])))


def _find(call: Call) -> Order:
    name, _, client_oid = call.rest.partition(":")
    if name == "client" and client_oid:
        order = _order_of_client(call, client_oid.lower().replace("-", ""))
    else:
        try:
            UUID(call.rest)
        except ValueError:
            raise ApiError("Invalid order id") from None
        order = ids.find_order(call.venue, call.account, call.rest)
    if order is None or _is_forgotten(order):
        raise ApiError("NotFound" if call.request.method == "GET" else "order not found", 404)
    return order


def _order_of_client(call: Call, client_oid: str) -> Order | None:
    found = [
        order
        for symbol in call.venue.markets
        for order in call.venue.orders(call.account, symbol)
        if order.client_order_id == client_oid
    ]
    return found[-1] if found else None


def _is_forgotten(order: Order) -> bool:
    """One that ended without a fill is purged."""
    return not order.is_open and not order.filled_quantity


def _shown(call: Call, order: Order) -> dict[str, Any]:
    return wire.order(call.venue, order, call.venue.fills_of(order))


def _page(call: Call, rows: Sequence[Row], id_of: Callable[[Row], str]) -> Sequence[Row]:
    """After the row that `after` names. CB-AFTER tells the last one where more follow."""
    after, begin = call.text("after"), 0
    if after is not None:
        begin = next((number for number, row in enumerate(rows, 1) if id_of(row) == after), len(rows))
    found = rows[begin : begin + max(1, min(call.integer("limit", MOST_ROWS), MOST_ROWS))]
    if found:
        call.headers["CB-BEFORE"] = id_of(found[0])
        if begin + len(found) < len(rows):
            call.headers["CB-AFTER"] = id_of(found[-1])
    return found


# --- the account
def list_accounts(call: Call) -> Any:
    account = call.account
    assets = {asset for symbol in call.venue.markets for asset in symbol.split("/")} | set(account.holdings)
    return [
        wire.account(call.venue, account, asset, account.holdings.get(asset, Holding())) for asset in sorted(assets)
    ]


def get_account(call: Call) -> Any:
    found = next((each for each in list_accounts(call) if each["id"] == call.rest), None)
    if found is None:
        raise ApiError("NotFound", 404)
    return found


def fees(call: Call) -> Any:
    fills = [fill for symbol in call.venue.markets for fill in call.venue.fills(call.account, symbol)]
    return {
        "maker_fee_rate": plain(call.account.maker_fee),
        "taker_fee_rate": plain(call.account.taker_fee),
        "usd_volume": plain(sum((fill.quote_quantity for fill in fills), ZERO)),
    }
