"""Orders and executions as the trading API tells them.

`quantity` of an order is what is still to be filled, `filled` what has been. A stop that waits for its price is an
"order trigger", whose fields have other names.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchanges.base import OrderStatus, Side
from exchanges.simulator.kraken_futures.names import contract, fill_uid, order_uid
from exchanges.simulator.kraken_futures.order_params import STOPS, WIRE_SIGNAL, WIRE_TYPE
from exchanges.simulator.kraken_futures.params import iso, number
from exchanges.simulator.records import Fill, Order
from exchanges.simulator.venue import Venue

PROTECTION = Decimal("0.01")  # https://support.kraken.com/articles/360037825652, market orders
STATUSES = {OrderStatus.FILLED: "FULLY_EXECUTED", OrderStatus.REJECTED: "REJECTED"}
SIGNALS = {"last": "last_price", "mark": "mark_price", "spot": "spot_price", "index": "spot_price"}


def client_id(order: Order) -> str | None:
    """What the venue closes itself has none."""
    return order.client_order_id or None if not order.is_liquidation else None


def is_trigger(order: Order) -> bool:
    """A stop whose price has not come, or never came."""
    return order.wire.get(WIRE_TYPE) in STOPS and order.triggered_ms is None


def takes_only(order: Order) -> bool:
    """It never stands on the book."""
    return order.limit_price is None or order.wire.get(WIRE_TYPE) in ("ioc", "fok")


def rises(order: Order) -> bool:
    """Whether a stop waits for a higher price."""
    is_target = order.wire.get(WIRE_TYPE) == "take_profit"
    return (order.side is Side.BUY) != is_target


def limit_price(venue: Venue, order: Order) -> Decimal:
    """Of a market order the venue's own: it goes out as one that takes within a per cent of the price."""
    if order.limit_price is not None:
        return order.limit_price
    market = venue.markets[order.symbol]
    factor = 1 + PROTECTION if order.side is Side.BUY else 1 - PROTECTION
    return market.price(market.ticks(market.price_at(order.triggered_ms or order.created_ms) * factor))


def placed(venue: Venue, order: Order, filled: Decimal, at_ms: int) -> dict[str, Any]:
    """The order as it stood with so much of it filled."""
    kind = order.wire.get(WIRE_TYPE, "mkt")
    shown = kind if kind in ("lmt", "post", "ioc", "fok") else "lmt" if order.limit_price is not None else "ioc"
    return {
        "orderId": order_uid(venue, order),
        "cliOrdId": client_id(order),
        "type": shown,
        "symbol": contract(venue.markets[order.symbol].listing),
        "side": order.side.lower(),
        "quantity": number(order.quantity - filled),
        "filled": number(filled),
        "limitPrice": number(limit_price(venue, order)),
        "reduceOnly": order.reduce_only,
        "timestamp": iso(order.created_ms),
        "lastUpdateTimestamp": iso(at_ms),
    }


def trigger(venue: Venue, order: Order) -> dict[str, Any]:
    return {
        "uid": order_uid(venue, order),
        "clientId": client_id(order),
        "type": "ioc" if order.limit_price is None else "lmt",
        "symbol": contract(venue.markets[order.symbol].listing),
        "side": order.side.lower(),
        "quantity": number(order.remaining),
        "limitPrice": None if order.limit_price is None else number(order.limit_price),
        "triggerPrice": None if order.stop_price is None else number(order.stop_price),
        "triggerSide": "trigger_above" if rises(order) else "trigger_below",
        "triggerSignal": SIGNALS[order.wire.get(WIRE_SIGNAL, "last")],
        "reduceOnly": order.reduce_only,
        "timestamp": iso(order.created_ms),
        "lastUpdateTimestamp": iso(order.updated_ms),
    }


def events_of_placing(venue: Venue, order: Order, fills: list[Fill]) -> list[dict[str, Any]]:
    """What happened at once: nothing but being placed, or executions, and a rest that was placed."""
    if is_trigger(order):
        return [{"type": "PLACE", "orderTrigger": trigger(venue, order)}]
    events: list[dict[str, Any]] = []
    filled = Decimal(0)
    for fill in fills:
        before = placed(venue, order, filled, order.created_ms)
        events.append(
            {
                "type": "EXECUTION",
                "executionId": fill_uid(venue, fill),
                "price": number(fill.price),
                "amount": number(fill.quantity),
                "orderPriorEdit": None,
                "orderPriorExecution": before,
                "takerReducedQuantity": None,
            }
        )
        filled += fill.quantity
    if order.remaining and not takes_only(order):
        rest = placed(venue, order, filled, order.updated_ms)
        events.append({"type": "PLACE", "order": rest, "reducedQuantity": None})
    return events


def event_of_cancel(venue: Venue, order: Order) -> dict[str, Any]:
    uid = order_uid(venue, order)
    if is_trigger(order):
        return {"type": "CANCEL", "uid": uid, "orderTrigger": trigger(venue, order)}
    return {"type": "CANCEL", "uid": uid, "order": placed(venue, order, order.filled_quantity, order.updated_ms)}


def status_entry(venue: Venue, order: Order) -> dict[str, Any]:
    """Of `orders/status`."""
    is_waiting = is_trigger(order)
    options = None
    if is_waiting:
        options = {
            "triggerPrice": None if order.stop_price is None else number(order.stop_price),
            "triggerSide": "TRIGGER_ABOVE" if rises(order) else "TRIGGER_BELOW",
            "triggerSignal": SIGNALS[order.wire.get(WIRE_SIGNAL, "last")].upper(),
            "triggerTime": None,
        }
    status = "TRIGGER_PLACED" if is_waiting else "ENTERED_BOOK"
    if not order.is_open:
        status = STATUSES.get(order.status, "CANCELLED")
        if order.status is OrderStatus.EXPIRED and not order.filled_quantity and takes_only(order):
            status = "TRIGGER_ACTIVATION_FAILURE" if order.wire.get(WIRE_TYPE) in STOPS else "REJECTED"
    shown = placed(venue, order, order.filled_quantity, order.updated_ms)
    shown["type"] = "TRIGGER_ORDER" if is_waiting else "ORDER"
    return {
        "order": {**shown, "priceTriggerOptions": options, "triggerTime": None},
        "status": status,
        "updateReason": _update_reason(order),
        "error": None,
    }


def _update_reason(order: Order) -> str | None:
    if order.status is OrderStatus.CANCELED and not order.is_liquidation:
        return "CANCELLED_BY_USER"
    return None


def open_order(venue: Venue, order: Order) -> dict[str, Any]:
    """Of `openorders`. A field that has nothing to say is left out, as the venue does."""
    kind = {"stp": "stop", "take_profit": "take_profit", "trailing_stop": "trailing_stop"}
    waiting = is_trigger(order)
    row: dict[str, Any] = {
        "order_id": order_uid(venue, order),
        "cliOrdId": client_id(order),
        "symbol": contract(venue.markets[order.symbol].listing),
        "side": order.side.lower(),
        "orderType": kind[order.wire[WIRE_TYPE]] if waiting else "lmt",
        "limitPrice": order.limit_price,
        "stopPrice": order.stop_price if waiting else None,
        "unfilledSize": order.remaining,
        "filledSize": order.filled_quantity,
        "trailingStopMaxDeviation": order.trailing_pct if waiting else None,
        "trailingStopDeviationUnit": "PERCENT" if waiting and order.trailing_pct else None,
        "triggerSignal": order.wire.get(WIRE_SIGNAL) if waiting else None,
        "receivedTime": iso(order.created_ms),
        "status": "partiallyFilled" if order.filled_quantity else "untouched",
        "reduceOnly": order.reduce_only,
        "lastUpdateTime": iso(order.updated_ms),
    }
    return {name: number(v) if isinstance(v, Decimal) else v for name, v in row.items() if v is not None}


def fill_row(venue: Venue, fill: Fill, order: Order) -> dict[str, Any]:
    """Of `fills`, which tells no fees."""
    return {
        "fill_id": fill_uid(venue, fill),
        "symbol": contract(venue.markets[fill.symbol].listing),
        "side": fill.side.lower(),
        "order_id": order_uid(venue, order),
        "size": number(fill.quantity),
        "price": number(fill.price),
        "fillTime": iso(fill.time_ms),
        "fillType": "liquidation" if order.is_liquidation else "maker" if fill.is_maker else "taker",
        **({"cliOrdId": client_id(order)} if client_id(order) else {}),
    }
