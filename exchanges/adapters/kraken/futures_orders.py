"""Orders as Kraken Futures takes and tells them.

In everything that tells of an order, `quantity` is what is still to be filled and `filled` what has been
(https://docs.kraken.com/exchange/api-reference/futures-websocket/open_orders; the replies to orders agree).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from exchanges.adapters.kraken.futures_client import Refusal, moment
from exchanges.adapters.kraken.futures_wire import listed, number, plain, some
from exchanges.base import ZERO, Order, OrderRequest, OrderStatus, OrderType, Side

# https://docs.kraken.com/api-reference/order-management/send-order
ORDER_TYPES = {
    OrderType.MARKET: "mkt",
    OrderType.LIMIT: "lmt",
    OrderType.STOP_LOSS: "stp",
    OrderType.STOP_LOSS_LIMIT: "stp",
    OrderType.TAKE_PROFIT: "take_profit",
    OrderType.TAKE_PROFIT_LIMIT: "take_profit",
    OrderType.TRAILING_STOP: "trailing_stop",
}
PLACED = ("placed", "partiallyFilled", "filled")
# https://docs.kraken.com/api-reference/order-management/get-specific-orders-status
STATUSES = {
    "ENTERED_BOOK": OrderStatus.OPEN,
    "FULLY_EXECUTED": OrderStatus.FILLED,
    "REJECTED": OrderStatus.REJECTED,
    "CANCELLED": OrderStatus.CANCELED,
    "TRIGGER_PLACED": OrderStatus.OPEN,
    "TRIGGER_ACTIVATION_FAILURE": OrderStatus.REJECTED,
}


def order_parameters(request: OrderRequest, venue_symbol: str) -> dict[str, str]:
    parameters = {
        "orderType": "post" if request.post_only else ORDER_TYPES[request.order_type],
        "symbol": venue_symbol,
        "side": str(request.side).lower(),
        "size": plain(request.quantity),
        "cliOrdId": request.client_order_id,
    }
    if request.limit_price is not None:
        parameters["limitPrice"] = plain(request.limit_price)
    if request.stop_price is not None:
        parameters["stopPrice"] = plain(request.stop_price)
    if request.trailing_pct is not None:
        parameters["trailingStopMaxDeviation"] = plain(request.trailing_pct)
        parameters["trailingStopDeviationUnit"] = "PERCENT"
    if request.order_type not in (OrderType.MARKET, OrderType.LIMIT):
        parameters["triggerSignal"] = "last"  # the price that candles and fills have
    if request.reduce_only:
        parameters["reduceOnly"] = "true"
    return parameters


def submitted(reply: Any, request: OrderRequest) -> Order:
    """What became of a new order; raises Refusal where it was not placed.

    `orderEvents` tells what happened at once. What it does not tell is not assumed: such an order is open until the
    venue is asked again.
    """
    outcome = reply["sendStatus"]
    if outcome["status"] not in PLACED:
        raise Refusal(200, str(outcome["status"]), is_outcome=True)
    events = [event for event in outcome.get("orderEvents") or [] if isinstance(event, dict)]
    executions = [(Decimal(e["price"]), Decimal(e["amount"])) for e in events if e["type"] == "EXECUTION"]
    filled = sum((amount for _, amount in executions), ZERO)
    rejections = [event for event in events if event["type"] == "REJECT"]
    if rejections and not filled:
        raise Refusal(200, _camel(str(rejections[0].get("reason") or "rejected")), is_outcome=True)
    status = OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.OPEN
    if filled >= request.quantity:
        status = OrderStatus.FILLED
    return Order(
        client_order_id=request.client_order_id,
        exchange_order_id=str(outcome["order_id"]),
        symbol=request.symbol,
        side=request.side,
        order_type=request.order_type,
        status=status,
        quantity=request.quantity,
        filled_quantity=filled,
        average_price=average(executions),
        limit_price=request.limit_price,
        stop_price=request.stop_price,
        updated_at=moment(outcome["receivedTime"]) if outcome.get("receivedTime") else None,
        trailing_pct=request.trailing_pct,
        reduce_only=request.reduce_only,
    )


def _camel(reason: str) -> str:
    """An event's POST_WOULD_EXECUTE is the outcome postWouldExecute."""
    first, *others = reason.lower().split("_")
    return first + "".join(word.capitalize() for word in others) if "_" in reason else reason


def average(executions: Iterable[tuple[Decimal, Decimal]]) -> Decimal | None:
    """Of (price, quantity)."""
    rows = list(executions)
    filled = sum((amount for _, amount in rows), ZERO)
    return sum((price * amount for price, amount in rows), ZERO) / filled if filled else None


def canceled(reply: Any, symbol: str) -> Order | None:
    """The order that a cancel ended; None where the venue does not tell it. Raises Refusal where none was open."""
    outcome = reply["cancelStatus"]
    if outcome["status"] != "cancelled":
        raise Refusal(200, str(outcome["status"]), is_outcome=True)
    for event in outcome.get("orderEvents") or []:
        if event["type"] == "CANCEL" and (event.get("order") or event.get("orderTrigger")):
            return replace(event_order(event, symbol), status=OrderStatus.CANCELED)
    return None


def event_order(event: Mapping[str, Any], symbol: str) -> Order:
    """The order in an event. A stop that waits for its price is an `orderTrigger`, whose fields have other names."""
    if event.get("order"):
        row = event["order"]
        order_id, client_id, stop = row["orderId"], row.get("cliOrdId"), some(row.get("stopPrice"))
        filled = number(row.get("filled"))
    else:
        row = event["orderTrigger"]
        order_id, client_id, stop = row["uid"], row.get("clientId"), some(row.get("triggerPrice"))
        filled = ZERO
    side, limit = Side(str(row["side"]).upper()), some(row.get("limitPrice"))
    order_type = OrderType.MARKET if row["type"] in ("mkt", "ioc") else OrderType.LIMIT
    if stop is not None:
        order_type = stop_type(side, str(row.get("triggerSide", "")), limit, str(row.get("type", "")))
    return Order(
        client_order_id=str(client_id or ""),
        exchange_order_id=str(order_id),
        symbol=symbol,
        side=side,
        order_type=order_type,
        status=OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.OPEN,
        quantity=number(row["quantity"]) + filled,
        filled_quantity=filled,
        limit_price=limit,
        stop_price=stop,
        updated_at=moment(row["lastUpdateTimestamp"]) if row.get("lastUpdateTimestamp") else None,
        reduce_only=bool(row.get("reduceOnly")),
    )


def stop_type(side: Side, trigger_side: str, limit: Decimal | None, venue_type: str = "") -> OrderType:
    """A SELL that waits for a lower price is a stop, one that waits for a higher price a take profit."""
    word = f"{trigger_side} {venue_type}".lower()
    is_target = "take_profit" in word or (
        ("above" in word) == (side is Side.SELL) and ("above" in word or "below" in word)
    )
    if limit is None:
        return OrderType.TAKE_PROFIT if is_target else OrderType.STOP_LOSS
    return OrderType.TAKE_PROFIT_LIMIT if is_target else OrderType.STOP_LOSS_LIMIT


def open_order(row: Mapping[str, Any], symbol: str) -> Order:
    """https://docs.kraken.com/api-reference/order-management/get-open-orders"""
    side, limit, stop = Side(str(row["side"]).upper()), some(row.get("limitPrice")), some(row.get("stopPrice"))
    kind, filled = str(row["orderType"]), number(row.get("filledSize"))
    trailing = some(row.get("trailingStopMaxDeviation"))
    if kind == "trailing_stop" or trailing is not None:
        order_type = OrderType.TRAILING_STOP
    elif kind in ("stp", "stop", "stop_loss", "take_profit") or stop is not None:
        order_type = stop_type(side, "", limit, kind)
    else:
        order_type = OrderType.LIMIT
    return Order(
        client_order_id=str(row.get("cliOrdId") or ""),
        exchange_order_id=str(row["order_id"]),
        symbol=symbol,
        side=side,
        order_type=order_type,
        status=OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.OPEN,
        quantity=filled + number(row.get("unfilledSize")),
        filled_quantity=filled,
        limit_price=limit,
        stop_price=stop,
        updated_at=moment(row["lastUpdateTime"]) if row.get("lastUpdateTime") else None,
        trailing_pct=trailing,
        reduce_only=bool(row.get("reduceOnly")),
    )


def open_orders(reply: Any, symbol_of: Callable[[str], str | None]) -> list[Order]:
    """Those of contracts that we know."""
    return [
        open_order(row, symbol)
        for row in listed(reply["openOrders"])
        if (symbol := symbol_of(str(row["symbol"]))) is not None
    ]


def order_status(reply: Any, client_order_id: str, symbol: str) -> Order | None:
    """Of `orders/status`: open, or ended within the last five seconds. The newest of that id.

    A market order is told as one with a limit, which the venue gave it; nothing in the reply says which it was.
    """
    rows = [row for row in listed(reply["orders"]) if row["order"].get("cliOrdId") == client_order_id]
    if not rows:
        return None
    row = max(rows, key=lambda each: str(each["order"]["timestamp"]))
    entry, status = row["order"], STATUSES[row["status"]]
    side, limit, filled = Side(str(entry["side"]).upper()), some(entry.get("limitPrice")), number(entry.get("filled"))
    order_type, stop = OrderType.LIMIT if limit is not None else OrderType.MARKET, None
    if trigger := entry.get("priceTriggerOptions"):
        stop = some(trigger.get("triggerPrice"))
        order_type = stop_type(side, str(trigger.get("triggerSide", "")), limit)
    quantity = filled if status is OrderStatus.FILLED else filled + number(entry.get("quantity"))
    if status is OrderStatus.OPEN and filled:
        status = OrderStatus.PARTIALLY_FILLED
    return Order(
        client_order_id=client_order_id,
        exchange_order_id=str(entry["orderId"]),
        symbol=symbol,
        side=side,
        order_type=order_type,
        status=status,
        quantity=quantity,
        filled_quantity=filled,
        limit_price=limit,
        stop_price=stop,
        updated_at=moment(entry["lastUpdateTimestamp"]),
        reduce_only=bool(entry.get("reduceOnly")),
    )


def average_of_fills(reply: Any, exchange_order_id: str, filled: Decimal) -> Decimal | None:
    """From the list of the account's last fills, as long as all of the order are still on it."""
    rows = [row for row in listed(reply["fills"]) if row["order_id"] == exchange_order_id]
    executions = [(Decimal(row["price"]), Decimal(row["size"])) for row in rows]
    return average(executions) if sum((amount for _, amount in executions), ZERO) == filled else None
