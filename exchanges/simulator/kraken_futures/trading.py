"""Orders: place, cancel, look up.

https://docs.kraken.com/api-reference/order-management/send-order and the pages around it
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from exchanges.base import OrderStatus, VenueStatus
from exchanges.simulator.kraken_futures import order_wire as wire
from exchanges.simulator.kraken_futures.call import Call, Endpoint
from exchanges.simulator.kraken_futures.limits import batch_cost, fills_cost
from exchanges.simulator.kraken_futures.order_params import Refused, check_price, read_order
from exchanges.simulator.kraken_futures.params import ApiError, Params, invalid, iso, missing
from exchanges.simulator.records import Fill, Order, OrderSpec, Permission
from exchanges.simulator.refusals import OrderRefused, Refusal

TOLD_FOR_MS = 5000  # an order that has ended, by `orders/status`
FILLS = 100
# Of a client that measured the venue's clock once; against a clock that runs faster than the real one it falls behind.
MEASURED_AGO_MS = 60_000
OUTCOMES = {
    Refusal.INSUFFICIENT_FUNDS: "insufficientAvailableFunds",
    Refusal.WOULD_TRIGGER_AT_ONCE: "invalidPrice",
    Refusal.WOULD_TAKE: "postWouldExecute",
    Refusal.TOO_SMALL: "invalidSize",
    Refusal.WRONG_PRICES: "invalidPrice",
    Refusal.NOT_TRADING: "marketSuspended",
    Refusal.POST_ONLY_MODE: "marketIsPostOnly",
    Refusal.WOULD_NOT_REDUCE: "wouldNotReducePosition",
    Refusal.LEVERAGE_TOO_HIGH: "fixedLeverageTooHigh",
    Refusal.ORDER_ID_TAKEN: "clientOrderIdAlreadyExist",
}
# Outcomes that the matching engine finds, which the events tell too.
ENGINE_REASONS = {"postWouldExecute": "POST_WOULD_EXECUTE", "iocWouldNotExecute": "IOC_WOULD_NOT_EXECUTE"}


def send_order(call: Call) -> Any:
    return {"sendStatus": _sent(call)}


def _sent(call: Call) -> dict[str, Any]:
    received = iso(call.now_ms)
    try:
        spec = read_order(call)
        order = _placed(call, spec)
    except Refused as refused:
        return {"status": refused.status, "receivedTime": received, "orderEvents": []}
    except OrderRefused as refused:
        status = OUTCOMES.get(refused.refusal, "invalidPrice")
        events = [_rejection(call, spec, status)] if status in ENGINE_REASONS else []
        uid = {"order_id": events[0]["uid"]} if events else {}
        return {**uid, "status": status, "receivedTime": received, "orderEvents": events}
    fills = call.venue.fills_of(order)
    status, events = "placed", wire.events_of_placing(call.venue, order, fills)
    if not order.is_open and not fills:
        status = "iocWouldNotExecute"
        events = [_reject_event(call, order, status)]
    answer = {
        "order_id": wire.order_uid(call.venue, order),
        "status": status,
        "receivedTime": received,
        "orderEvents": events,
    }
    return answer | ({"cliOrdId": order.client_order_id} if order.client_order_id else {})


def _placed(call: Call, spec: OrderSpec) -> Order:
    before = call.params.moment_ms("processBefore")
    if before is not None and call.now_ms > before + _clock_tolerance_ms(call):
        raise Refused("wouldProcessAfterSpecifiedTime")
    if spec.client_order_id and call.index.by_client_id(call.account, spec.client_order_id) is not None:
        raise Refused("clientOrderIdAlreadyExist")
    check_price(spec, call.venue.price_of(spec.symbol))
    return call.venue.place(call.account, spec)


def _clock_tolerance_ms(call: Call) -> float:
    factor, _ = call.clock.client_tolerance()
    return (factor - 1) * MEASURED_AGO_MS


def _rejection(call: Call, spec: OrderSpec, status: str) -> dict[str, Any]:
    """Of an order that the books refused and therefore do not have."""
    number = sum(len(call.venue.orders(call.account, symbol)) for symbol in call.venue.markets)
    order = Order(
        symbol=spec.symbol,
        order_id=-1 - number,
        account_id=call.account.account_id,
        client_order_id=spec.client_order_id,
        side=spec.side,
        order_type=spec.order_type,
        status=OrderStatus.REJECTED,
        quantity=spec.quantity,
        created_ms=call.now_ms,
        updated_ms=call.now_ms,
        limit_price=spec.limit_price,
        wire=spec.wire,
        reduce_only=spec.reduce_only,
    )
    return _reject_event(call, order, status)


def _reject_event(call: Call, order: Order, status: str) -> dict[str, Any]:
    shown = wire.placed(call.venue, order, order.filled_quantity, call.now_ms)
    return {"type": "REJECT", "uid": shown["orderId"], "order": shown, "reason": ENGINE_REASONS[status]}


# --- cancels
def cancel_order(call: Call) -> Any:
    return {"cancelStatus": _canceled(call)}


def _canceled(call: Call) -> dict[str, Any]:
    _require_open_desk(call)
    uid, client_id = call.params.text("order_id"), call.params.text("cliOrdId")
    if uid is None and client_id is None:
        raise missing("order_id")
    order = _named(call, uid, client_id)
    received = iso(call.now_ms)
    if order is None or not order.is_open:
        status = "filled" if order is not None and order.status is OrderStatus.FILLED else "notFound"
        return {"status": status, "receivedTime": received, "orderEvents": []}
    call.venue.cancel(order)
    named = {"order_id": wire.order_uid(call.venue, order), "cliOrdId": wire.client_id(order)}
    return {
        "status": "cancelled",
        **{name: value for name, value in named.items() if value is not None},
        "receivedTime": received,
        "orderEvents": [wire.event_of_cancel(call.venue, order)],
    }


def cancel_all(call: Call) -> Any:
    _require_open_desk(call)
    wanted = call.params.text("symbol")
    found = call.venue.open_orders(call.account, None if wanted is None else call.symbol(wanted))
    for order in found:
        call.venue.cancel(order)
    named = [{"order_id": wire.order_uid(call.venue, o), "cliOrdId": wire.client_id(o)} for o in found]
    return {
        "cancelStatus": {
            "receivedTime": iso(call.now_ms),
            "cancelOnly": wanted or "all",
            "status": "cancelled" if found else "noOrdersToCancel",
            "cancelledOrders": [{name: value for name, value in row.items() if value is not None} for row in named],
            "orderEvents": [wire.event_of_cancel(call.venue, order) for order in found],
        }
    }


def _named(call: Call, uid: str | None, client_id: str | None) -> Order | None:
    if uid is not None:
        return call.index.by_uid(call.account, uid)
    return call.index.by_client_id(call.account, client_id or "")


def _require_open_desk(call: Call) -> None:
    if call.venue.status is VenueStatus.SUSPENDED:
        raise ApiError("marketUnavailable")


def batch(call: Call) -> Any:
    """Instructions "send" and "cancel"; "edit" is not simulated."""
    try:
        instructions = json.loads(call.params.required("json"), parse_float=str, parse_int=str)["batchOrder"]
        rows = [{str(name): str(value) for name, value in row.items() if value is not None} for row in instructions]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ApiError("Json Parse Error") from None
    answers = []
    for row in rows:
        what = row.pop("order", "")
        row = {name: value.lower() if value in ("True", "False") else value for name, value in row.items()}
        one = replace(call, params=Params(urlencode(row), ""))
        if what not in ("send", "cancel"):
            raise invalid("order")
        answer = _sent(one) if what == "send" else _canceled(one)
        answer["dateTimeReceived"] = answer.pop("receivedTime")
        tag = {"order_tag": row["order_tag"]} if "order_tag" in row else {}
        answers.append({**tag, **answer})
    return {"batchStatus": answers}


# --- look-ups
def order_statuses(call: Call) -> Any:
    """What is open, or ended within the last five seconds. Ids that nothing is known of are left out."""
    found = [call.index.by_uid(call.account, uid) for uid in call.params.list("orderIds")]
    found += [call.index.by_client_id(call.account, text) for text in call.params.list("cliOrdIds")]
    if not found:
        raise missing("orderIds")
    known = [order for order in found if order is not None]
    told = [order for order in known if order.is_open or call.now_ms - order.updated_ms <= TOLD_FOR_MS]
    return {"orders": [wire.status_entry(call.venue, order) for order in told]}


def open_orders(call: Call) -> Any:
    own = call.venue.open_orders(call.account)
    own.sort(key=lambda order: (order.created_ms, order.order_id), reverse=True)
    return {"openOrders": [wire.open_order(call.venue, order) for order in own]}


def fills(call: Call) -> Any:
    """The newest, before `lastFillTime` where it is given."""
    before = call.params.moment_ms("lastFillTime")
    found: list[Fill] = []
    for symbol in call.venue.markets:
        found += call.venue.fills(call.account, symbol)
    found = [fill for fill in found if before is None or fill.time_ms < before]
    found.sort(key=lambda fill: (fill.time_ms, fill.trade_id), reverse=True)
    return {"fills": [_fill_row(call, fill) for fill in found[:FILLS]]}


def _fill_row(call: Call, fill: Fill) -> dict[str, Any]:
    order = call.venue.order(fill.symbol, fill.order_id)
    if order is None:
        raise RuntimeError("a fill has an order")
    return wire.fill_row(call.venue, fill, order)


PREFIX = "/derivatives/api/v3/"
ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    ("POST", f"{PREFIX}sendorder"): Endpoint(send_order, "submit", Permission.TRADE, 10),
    ("POST", f"{PREFIX}cancelorder"): Endpoint(cancel_order, "cancel", Permission.TRADE, 10),
    ("POST", f"{PREFIX}cancelallorders"): Endpoint(cancel_all, "cancel", Permission.TRADE, 25),
    ("POST", f"{PREFIX}batchorder"): Endpoint(batch, "submit", Permission.TRADE, batch_cost),
    ("POST", f"{PREFIX}orders/status"): Endpoint(order_statuses, "get_order", Permission.TRADE, 1),
    ("GET", f"{PREFIX}orders/status"): Endpoint(order_statuses, "get_order", Permission.TRADE, 1),
    ("GET", f"{PREFIX}openorders"): Endpoint(open_orders, "open_orders", Permission.READ, 2),
    ("GET", f"{PREFIX}fills"): Endpoint(fills, "fills", Permission.READ, fills_cost),
}
