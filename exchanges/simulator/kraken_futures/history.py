"""What has happened: events of orders and triggers, executions, the account's log.

https://docs.kraken.com/api-reference/account-history/get-order-events and the pages around it. Lists, newest first;
figures are texts. The events are not kept: they follow from the orders and their fills.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from exchanges.base import ZERO, OrderStatus
from exchanges.simulator.kraken_futures import order_wire as wire
from exchanges.simulator.kraken_futures.account_log import account_log
from exchanges.simulator.kraken_futures.call import Call, Endpoint
from exchanges.simulator.kraken_futures.limits import account_log_cost
from exchanges.simulator.kraken_futures.names import account_uid, event_uid, fill_uid, order_uid
from exchanges.simulator.kraken_futures.order_params import STOPS, WIRE_SIGNAL, WIRE_TYPE
from exchanges.simulator.kraken_futures.params import invalid, iso, text
from exchanges.simulator.records import Fill, Order, Permission

EVENTS = 1000
TYPES = {"lmt": "Limit", "post": "Post", "ioc": "IoC", "fok": "IoC", "mkt": "IoC"}
SIGNALS = {"last": "LastPrice", "mark": "MarkPrice", "spot": "SpotPrice", "index": "SpotPrice"}


@dataclass(frozen=True, slots=True)
class Happening:
    """`key` puts them in order; `content` is made only of those that are asked for."""

    at_ms: int
    symbol: str
    order: Order
    number: int  # of the order's happenings
    kind: str
    content: Callable[[], dict[str, Any]]

    @property
    def key(self) -> tuple[int, str, int, int]:
        return self.at_ms, self.symbol, self.order.order_id, self.number


def order_events(call: Call) -> Any:
    found = [event for event in _happenings(call) if not event.kind.startswith("OrderTrigger")]
    if call.params.flag("opened"):
        found = [event for event in found if event.kind == "OrderPlaced"]
    if call.params.flag("closed"):
        found = [event for event in found if event.kind != "OrderPlaced"]
    return _page(call, found)


def trigger_events(call: Call) -> Any:
    return _page(call, [event for event in _happenings(call) if event.kind.startswith("OrderTrigger")])


def executions(call: Call) -> Any:
    return _page(call, list(_executions(call)))


def log(call: Call) -> Any:
    return {"accountUid": account_uid(call.venue, call.account), "logs": account_log(call)}


# --- pages
def _page(call: Call, found: list[Happening]) -> dict[str, Any]:
    since, before = call.params.moment_ms("since"), call.params.moment_ms("before")
    order, count = call.params.text("sort") or "desc", call.params.integer("count") or EVENTS
    if order not in ("asc", "desc") or not 0 < count <= EVENTS:
        raise invalid("sort" if order not in ("asc", "desc") else "count")
    is_descending = order == "desc"
    found = [e for e in found if (since is None or e.at_ms >= since) and (before is None or e.at_ms < before)]
    found.sort(key=lambda event: event.key, reverse=is_descending)
    if token := call.params.text("continuation_token"):
        last = _read_token(token)
        found = [e for e in found if (e.key < last if is_descending else e.key > last)]
    shown = found[:count]
    reply: dict[str, Any] = {
        "accountUid": account_uid(call.venue, call.account),
        "len": len(shown),
        "serverTime": iso(call.now_ms),
        "elements": [_element(call, event) for event in shown],
    }
    if len(found) > count:
        reply["continuationToken"] = base64.b64encode(json.dumps(shown[-1].key).encode()).decode()
    return reply


def _element(call: Call, event: Happening) -> dict[str, Any]:
    side = "execution" if event.kind == "execution" else ""
    return {
        "uid": event_uid(call.venue, event.order, event.number, side),
        "timestamp": event.at_ms,
        "event": {event.kind: event.content()},
    }


def _read_token(token: str) -> tuple[Any, ...]:
    try:
        return tuple(json.loads(base64.b64decode(token)))
    except (ValueError, TypeError, binascii.Error):
        raise invalid("continuation_token") from None


# --- events
def _symbols(call: Call) -> list[str]:
    tradeable = call.params.text("tradeable")
    return list(call.venue.markets) if tradeable is None else [call.symbol(tradeable)]


def _happenings(call: Call) -> Iterator[Happening]:
    for symbol in _symbols(call):
        by_order: dict[int, list[Fill]] = {}
        for fill in call.venue.fills(call.account, symbol):
            by_order.setdefault(fill.order_id, []).append(fill)
        for order in call.venue.orders(call.account, symbol):
            told = _of_order(call, order, by_order.get(order.order_id, []))
            for number, (at_ms, kind, content) in enumerate(told):
                yield Happening(at_ms, symbol, order, number, kind, content)


Told = tuple[int, str, Callable[[], dict[str, Any]]]


def _of_order(call: Call, order: Order, fills: list[Fill]) -> Iterator[Told]:
    start = order.created_ms
    if order.wire.get(WIRE_TYPE) in STOPS:
        yield start, "OrderTriggerPlaced", lambda: {"order": _trigger(call, order), "reason": "new_user_order"}
        if order.triggered_ms is None:
            if not order.is_open:
                reason = "cancelled_by_user"
                yield order.updated_ms, "OrderTriggerCancelled", lambda: _with(_trigger(call, order), reason)
            return
        start = order.triggered_ms
        yield start, "OrderTriggerActivated", lambda: {"order": _trigger(call, order)}
    yield from _of_working_order(call, order, fills, start)


def _of_working_order(call: Call, order: Order, fills: list[Fill], start: int) -> Iterator[Told]:
    if order.status is OrderStatus.EXPIRED and not fills and wire.takes_only(order):
        error = "IOC_WOULD_NOT_EXECUTE"
        yield start, "OrderRejected", lambda: {"order": _order(call, order, ZERO, start), "orderError": error}
        return
    at_once = sum((fill.quantity for fill in fills if fill.time_ms == start and not fill.is_maker), ZERO)
    reason = "new_user_order" if order.wire.get(WIRE_TYPE) not in STOPS else "limit_from_stop"
    yield start, "OrderPlaced", lambda: _with(_order(call, order, at_once, start), reason)
    filled = at_once
    for fill in fills:
        if fill.time_ms == start and not fill.is_maker:
            continue
        yield fill.time_ms, "OrderUpdated", _updated(call, order, filled, fill)
        filled += fill.quantity
    is_over = order.status in (OrderStatus.CANCELED, OrderStatus.EXPIRED)
    if is_over and not (wire.takes_only(order) and order.status is OrderStatus.EXPIRED):
        why = "cancelled_by_user" if order.status is OrderStatus.CANCELED else "would_not_reduce_position"
        yield (
            order.updated_ms,
            "OrderCancelled",
            lambda: _with(_order(call, order, order.filled_quantity, order.updated_ms), why),
        )


def _updated(call: Call, order: Order, filled: Decimal, fill: Fill) -> Callable[[], dict[str, Any]]:
    after = filled + fill.quantity

    def content() -> dict[str, Any]:
        return {
            "oldOrder": _order(call, order, filled, order.created_ms),
            "newOrder": _order(call, order, after, fill.time_ms),
            "reason": "full_fill" if after == order.quantity else "partial_fill",
        }

    return content


def _with(order: dict[str, Any], reason: str) -> dict[str, Any]:
    return {"order": order, "reason": reason}


def _executions(call: Call) -> Iterator[Happening]:
    for symbol in _symbols(call):
        position = ZERO
        for fill in call.venue.fills(call.account, symbol):
            position += fill.quantity if fill.side == "BUY" else -fill.quantity
            order = call.venue.order(symbol, fill.order_id)
            if order is None:
                raise RuntimeError("a fill has an order")
            yield Happening(
                fill.time_ms, symbol, order, fill.trade_id, "execution", _execution(call, fill, order, position)
            )


def _execution(call: Call, fill: Fill, order: Order, position: Decimal) -> Callable[[], dict[str, Any]]:
    def content() -> dict[str, Any]:
        row = {
            "uid": fill_uid(call.venue, fill),
            "order": _order(call, order, order.filled_quantity, fill.time_ms),
            "timestamp": fill.time_ms,
            "quantity": text(fill.quantity),
            "price": text(fill.price),
            "markPrice": text(call.venue.markets[fill.symbol].price_at(fill.time_ms)),
            "limitFilled": order.remaining == 0,
            "usdValue": text(fill.quote_quantity),
            "orderData": {"positionSize": text(position), "fee": text(fill.fee)},
        }
        return {"execution": row, "takerReducedQuantity": ""}

    return content


# --- the order in an event
def _order(call: Call, order: Order, filled: Decimal, at_ms: int) -> dict[str, Any]:
    return {
        "uid": order_uid(call.venue, order),
        "accountUid": account_uid(call.venue, call.account),
        "tradeable": call.contract(order.symbol),
        "direction": order.side.title(),
        "quantity": text(order.quantity - filled),
        "filled": text(filled),
        "timestamp": order.created_ms,
        "limitPrice": text(wire.limit_price(call.venue, order)),
        "orderType": _type(order),
        "clientId": wire.client_id(order) or "",
        "reduceOnly": order.reduce_only,
        "lastUpdateTimestamp": at_ms,
    }


def _trigger(call: Call, order: Order) -> dict[str, Any]:
    options: dict[str, Any] = {
        "triggerPrice": text(order.stop_price or ZERO),
        "triggerSignal": SIGNALS[order.wire.get(WIRE_SIGNAL, "last")],
        "triggerSide": "Above" if wire.rises(order) else "Below",
    }
    if order.trailing_pct is not None:
        options["trailingStopOptions"] = {"maxDeviation": text(order.trailing_pct), "unit": "Percent"}
    return {
        **_order(call, order, ZERO, order.updated_ms),
        "limitPrice": text(order.limit_price or ZERO),
        "orderType": "IoC" if order.limit_price is None else "Limit",
        "triggerOptions": options,
    }


def _type(order: Order) -> str:
    if order.is_liquidation:
        return "Liquidation"
    kind = order.wire.get(WIRE_TYPE, "mkt")
    return TYPES.get(kind) or ("IoC" if order.limit_price is None else "Limit")


def _history(handlers: Iterable[tuple[str, Endpoint]]) -> dict[tuple[str, str], Endpoint]:
    """The second version answers as the third does."""
    return {("GET", f"/api/history/{version}/{path}"): found for path, found in handlers for version in ("v2", "v3")}


ENDPOINTS: dict[tuple[str, str], Endpoint] = _history(
    (
        ("orders", Endpoint(order_events, "get_order", Permission.READ, 1)),
        ("triggers", Endpoint(trigger_events, "get_order", Permission.READ, 1)),
        ("executions", Endpoint(executions, "fills", Permission.READ, 1)),
        ("account-log", Endpoint(log, "funding", Permission.READ, account_log_cost)),
    )
)
