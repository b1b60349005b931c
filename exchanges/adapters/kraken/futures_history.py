"""What Kraken Futures' history tells: how an order ended that is not open any more, and its executions with their fees.

https://docs.kraken.com/api-reference/account-history/get-order-events and the pages next to it. The replies are lists
of events, newest first; the figures in them are texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from exchanges.adapters.kraken.futures_orders import stop_type
from exchanges.adapters.kraken.futures_wire import from_milliseconds, listed, number, some
from exchanges.base import Fill, Order, OrderStatus, OrderType, Side

Element = Mapping[str, Any]

# Orders of these types are over when they are placed: what was not filled is gone.
LIQUIDATION_TYPES = ("Liquidation", "PartialLiquidation", "CoveredLiquidation", "Assignment", "Unwind")
NEVER_RESTS = ("IoC", "Market", *LIQUIDATION_TYPES)
FULL_FILL = "full_fill"


def elements(reply: Any) -> list[Element]:
    return listed(reply["elements"])


def continuation(reply: Any) -> str:
    return str(reply.get("continuationToken") or "")


# --- orders
def order_in(element: Element) -> tuple[str, Mapping[str, Any], str]:
    """Kind of the event, the order as it stands after it (empty where the event has none), and the reason."""
    kind, content = next(iter(element["event"].items()))
    names = ("order", "newOrder", "newOrderTrigger", "oldOrder", "oldOrderTrigger")  # a refused edit leaves the old one
    order: Mapping[str, Any] = next((content[name] for name in names if content.get(name)), {})
    return str(kind), order, str(content.get("reason") or "")


def ended_order(found: Iterable[Element], client_order_id: str, symbol: str) -> Order | None:
    """How the newest order of that id ended; None where the events do not tell.

    The last event that ends it decides: nothing opens an order again that was canceled, refused or filled.
    """
    own = [event for event in map(order_in, found) if event[1].get("clientId") == client_order_id]
    if not own:
        return None
    newest = max(own, key=lambda event: int(event[1]["timestamp"]))[1]["uid"]
    for kind, order, reason in own:
        status = _end(kind, order, reason) if order["uid"] == newest else None
        if status is not None:
            return _order(order, status, client_order_id, symbol)
    return None


def _end(kind: str, order: Mapping[str, Any], reason: str) -> OrderStatus | None:
    left, filled = number(order.get("quantity")), number(order.get("filled"))
    if kind in ("OrderCancelled", "OrderTriggerCancelled"):
        return OrderStatus.CANCELED
    if kind == "OrderRejected":
        return OrderStatus.REJECTED
    if kind not in ("OrderPlaced", "OrderUpdated"):
        return None
    if reason.lower() == FULL_FILL or (filled and not left):
        return OrderStatus.FILLED
    return OrderStatus.CANCELED if order.get("orderType") in NEVER_RESTS else None


def was_activated(found: Iterable[Element], client_order_id: str) -> bool:
    """Whether the price of the stop of that id was reached: then it became an order."""
    return any(
        kind == "OrderTriggerActivated" and order.get("clientId") == client_order_id
        for kind, order, _ in map(order_in, found)
    )


def _order(order: Mapping[str, Any], status: OrderStatus, client_order_id: str, symbol: str) -> Order:
    side, filled = Side(str(order["direction"]).upper()), number(order.get("filled"))
    limit, stop = some(order.get("limitPrice")), None
    order_type = OrderType.MARKET if order.get("orderType") in NEVER_RESTS else OrderType.LIMIT
    if options := order.get("triggerOptions"):
        stop = some(options.get("triggerPrice"))
        order_type = stop_type(side, str(options.get("triggerSide", "")), limit)
        if options.get("trailingStopOptions"):
            order_type = OrderType.TRAILING_STOP
    return Order(
        client_order_id=client_order_id,
        exchange_order_id=str(order["uid"]),
        symbol=symbol,
        side=side,
        order_type=order_type,
        status=status,
        quantity=filled if status is OrderStatus.FILLED else filled + number(order.get("quantity")),
        filled_quantity=filled,
        limit_price=None if order_type is OrderType.MARKET else limit,
        stop_price=stop,
        updated_at=from_milliseconds(order["lastUpdateTimestamp"]),
        reduce_only=bool(order.get("reduceOnly")),
    )


# --- executions
def fills(found: Iterable[Element], exchange_order_id: str, symbol: str, fee_asset: str) -> list[Fill]:
    """Of one order, oldest first. The asset of the fee is not in the replies."""
    return _fills(found, lambda order: order.get("uid") == exchange_order_id, symbol, fee_asset)


def liquidations(found: Iterable[Element], symbol: str, fee_asset: str) -> list[Fill]:
    """Of the orders by which the venue itself closed positions, oldest first."""
    return _fills(found, lambda order: order.get("orderType") in LIQUIDATION_TYPES, symbol, fee_asset)


def are_complete(found: Sequence[Element], exchange_order_id: str) -> bool:
    """Whether the executions, newest first, go back to before the order was placed."""
    for element in found:
        order, _ = _own_side(_execution(element), lambda order: order.get("uid") == exchange_order_id)
        if order:
            return int(_execution(found[-1])["timestamp"]) < int(order["timestamp"])
    return False


def _fills(
    found: Iterable[Element], is_wanted: Callable[[Mapping[str, Any]], bool], symbol: str, fee_asset: str
) -> list[Fill]:
    rows = {}
    for execution in map(_execution, reversed(list(found))):
        order, booked = _own_side(execution, is_wanted)
        if order:
            rows[execution["uid"]] = Fill(
                fill_id=str(execution["uid"]),
                exchange_order_id=str(order["uid"]),
                symbol=symbol,
                side=Side(str(order["direction"]).upper()),
                price=Decimal(execution["price"]),
                quantity=Decimal(execution["quantity"]),
                fee=Decimal(booked["fee"]),
                fee_asset=fee_asset,
                executed_at=from_milliseconds(execution["timestamp"]),
            )
    return sorted(rows.values(), key=lambda row: row.executed_at)


def _execution(element: Element) -> Mapping[str, Any]:
    event = element["event"]  # the documents spell its kind both ways
    execution: Mapping[str, Any] = (event.get("execution") or event.get("Execution"))["execution"]
    return execution


def _own_side(
    execution: Mapping[str, Any], is_wanted: Callable[[Mapping[str, Any]], bool]
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The order that is wanted and what was booked for it. Older replies have both sides of a trade."""
    for side in ("order", "makerOrder", "takerOrder"):
        order = execution.get(side) or {}
        if order and is_wanted(order):
            return order, execution.get(f"{side}Data") or execution["orderData"]
    return {}, {}
