"""Orders: place, look up, cancel; fills.

https://docs.cdp.coinbase.com/api-reference/advanced-trade-api/rest-api/orders/create-order and its neighbours
"""

from __future__ import annotations

import secrets
from typing import Any

from exchanges.base import OrderStatus, VenueStatus
from exchanges.simulator.coinbase import ids, wire
from exchanges.simulator.coinbase.call import Call, invalid, not_found
from exchanges.simulator.coinbase.order_params import Asked, Rejected, read_head, read_order
from exchanges.simulator.coinbase.pages import cut
from exchanges.simulator.coinbase.views import OrderView, view, views
from exchanges.simulator.records import OrderSpec
from exchanges.simulator.venue import OrderRefused, Refusal

DEFAULT_ORDERS, MOST_ORDERS = 100, 1000
DEFAULT_FILLS, MOST_FILLS = 100, 3000
MOST_CANCELED = 100

REFUSALS: dict[Refusal, tuple[str, str]] = {
    Refusal.INSUFFICIENT_FUNDS: ("INSUFFICIENT_FUND", "Insufficient balance in source account"),
    Refusal.WOULD_TAKE: ("INVALID_LIMIT_PRICE_POST_ONLY", "Post-only limit price would cross the book"),
    Refusal.WOULD_TRIGGER_AT_ONCE: ("STOP_ALREADY_TRIGGERED", "The stop price has been reached"),
    Refusal.WRONG_PRICES: ("INVALID_BRACKET_PRICES", "bracket prices are invalid"),
    Refusal.TOO_SMALL: ("INVALID_NO_LIQUIDITY", "Too small to be traded"),
    Refusal.NOT_TRADING: ("TRADING_DISABLED", "Trading is disabled"),
    Refusal.POST_ONLY_MODE: ("NOT_ALLOWED_BY_MARKET_STATE", "Orderbook is in post only mode"),
}


def create_order(call: Call) -> Any:
    body = call.body()
    client_order_id, _ = read_head(body)
    existing = _order_of(call, client_order_id)
    if existing is not None:  # an id is good for one order, for ever; whoever sends it again is told of that one
        return _created(existing, body.get("order_configuration"))
    try:
        asked = read_order(call, body)
        return _created(_place(call, asked), asked.configuration)
    except Rejected as rejected:
        return failure(rejected, body.get("order_configuration"))
    except OrderRefused as refused:
        return failure(Rejected(*REFUSALS[refused.refusal]), body.get("order_configuration"))


def _order_of(call: Call, client_order_id: str) -> OrderView | None:
    for symbol in call.venue.markets:
        for order in call.venue.orders(call.account, symbol):
            if order.client_order_id == client_order_id:
                return view(call.venue, order)
    return None


def _place(call: Call, asked: Asked) -> OrderView:
    if call.venue.status is VenueStatus.CANCEL_ONLY:
        raise Rejected("ORDER_ENTRY_DISABLED", "Order entry is disabled")
    if len(asked.specs) == 1:
        return view(call.venue, call.venue.place(call.account, asked.specs[0]))
    pair = call.venue.place_pair(call.account, _two(asked.specs), asked.client_order_id)
    first = call.venue.order(pair.symbol, pair.order_ids[0])
    if first is None:
        raise RuntimeError("a pair without its orders")
    return view(call.venue, first)


def _two(specs: tuple[OrderSpec, ...]) -> tuple[OrderSpec, OrderSpec]:
    take_profit, stop = specs
    return take_profit, stop


def _created(order: OrderView, configuration: Any) -> Any:
    return {
        "success": True,
        "failure_reason": "UNKNOWN_FAILURE_REASON",
        "order_id": order.order_id,
        "success_response": {
            "order_id": order.order_id,
            "product_id": wire.product_id(order.first.symbol),
            "side": str(order.first.side),
            "client_order_id": order.first.client_order_id,
            "attached_order_id": "",
        },
        "order_configuration": configuration,
    }


def failure(rejected: Rejected, configuration: Any = None) -> Any:
    return {
        "success": False,
        "failure_reason": "UNKNOWN_FAILURE_REASON",
        "order_id": "",
        "error_response": {
            "error": rejected.reason,
            "message": rejected.message,
            "error_details": "",
            "preview_failure_reason": rejected.preview,
            "new_order_failure_reason": rejected.reason,
        },
        "order_configuration": configuration if isinstance(configuration, dict) else {},
    }


def preview_order(call: Call) -> Any:
    """Whether it would be taken. What it would cost is not told."""
    body = {"client_order_id": f"preview-{secrets.token_hex(8)}"} | call.body()
    errors: list[str] = []
    try:
        asked = read_order(call, body)
        for spec in asked.specs:
            call.venue.check(call.account, spec)
    except Rejected as rejected:
        errors.append(rejected.preview)
    except OrderRefused as refused:
        errors.append(f"PREVIEW_{REFUSALS[refused.refusal][0]}")
    bid, ask = wire.best(call.venue, call.venue.markets[asked.specs[0].symbol]) if not errors else ("", "")
    return {
        "order_total": "",
        "commission_total": "",
        "errs": errors,
        "warning": [],
        "quote_size": "",
        "base_size": "",
        "best_bid": str(bid),
        "best_ask": str(ask),
        "is_max": False,
        "slippage": "",
        "preview_id": secrets.token_hex(16),
    }


def batch_cancel(call: Call) -> Any:
    wanted = call.body().get("order_ids")
    if not isinstance(wanted, list) or not wanted or len(wanted) > MOST_CANCELED:
        raise invalid("order_ids is required")
    return {"results": [_cancel(call, str(order_id)) for order_id in wanted]}


def _cancel(call: Call, order_id: str) -> Any:
    found = ids.find_order(call.venue, call.account, order_id)
    reason = "UNKNOWN_CANCEL_FAILURE_REASON"
    if found is None:
        reason = "UNKNOWN_CANCEL_ORDER"
    elif not (order := view(call.venue, found)).is_open:
        reason = "ORDER_IS_FULLY_FILLED" if order.status is OrderStatus.FILLED else "UNKNOWN_CANCEL_ORDER"
    elif call.venue.status is VenueStatus.SUSPENDED:
        reason = "NOT_ALLOWED_TO_CANCEL"
    else:
        call.venue.cancel(next(leg for leg in order.legs if leg.is_open))
        return {"success": True, "failure_reason": reason, "order_id": order_id}
    return {"success": False, "failure_reason": reason, "order_id": order_id}


def get_order(call: Call) -> Any:
    found = ids.find_order(call.venue, call.account, call.rest)
    if found is None:
        raise not_found("order with this orderID was not found")
    return {"order": wire.order(view(call.venue, found), call.account)}


def list_orders(call: Call) -> Any:
    found = [order for order in views(call.venue, call.account) if _is_wanted(call, order)]
    if call.text("sort_by") == "LAST_FILL_TIME":
        found = [order for order in found if order.fills]
        found.sort(key=lambda order: order.fills[-1].time_ms, reverse=True)
    limit = min(call.integer("limit", DEFAULT_ORDERS), MOST_ORDERS)
    page = cut(found, lambda order: order.order_id, call.text("cursor"), limit)
    return {
        "orders": [wire.order(order, call.account) for order in page.rows],
        "sequence": "0",
        "has_next": page.has_next,
        "cursor": page.cursor,
    }


def _is_wanted(call: Call, order: OrderView) -> bool:
    def fits(name: str, value: str) -> bool:
        wanted = call.texts(name)
        return not wanted or value in wanted

    start, end = call.moment_ms("start_date"), call.moment_ms("end_date")
    product = wire.product_id(order.first.symbol)
    return (
        fits("order_ids", order.order_id)
        and fits("product_ids", product)
        and fits("product_id", product)
        and fits("order_status", wire.STATUSES[order.status])
        and fits("order_side", str(order.first.side))
        and (start is None or order.first.created_ms >= start)
        and (end is None or order.first.created_ms < end)
    )


def list_fills(call: Call) -> Any:
    names = (*call.texts("order_ids"), *call.texts("order_id"))
    products = (*call.texts("product_ids"), *call.texts("product_id"))
    start, end = call.moment_ms("start_sequence_timestamp"), call.moment_ms("end_sequence_timestamp")
    found = [
        (order, fill)
        for order in views(call.venue, call.account)
        if (not names or order.order_id in names) and (not products or wire.product_id(order.first.symbol) in products)
        for fill in order.fills
        if (start is None or fill.time_ms >= start) and (end is None or fill.time_ms <= end)
    ]
    found.sort(key=lambda pair: (pair[1].time_ms, pair[1].trade_id), reverse=True)
    rows = [wire.fill(order, call.account, fill) for order, fill in found]
    wanted = call.texts("trade_ids")
    rows = [row for row in rows if not wanted or row["trade_id"] in wanted]
    limit = min(call.integer("limit", DEFAULT_FILLS), MOST_FILLS)
    page = cut(rows, lambda row: str(row["trade_id"]), call.text("cursor"), limit)
    return {"fills": page.rows, "cursor": page.cursor}
