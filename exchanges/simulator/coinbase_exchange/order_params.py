"""An order as it is asked for: its form, its steps and its prices.

https://docs.cdp.coinbase.com/api-reference/exchange-api/rest-api/orders/create-new-order
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from exchanges.base import OrderType, Side
from exchanges.simulator.coinbase_exchange.call import ApiError, Call, find_market
from exchanges.simulator.listings import Listing
from exchanges.simulator.records import OrderSpec, TimeInForce

TYPES = ("limit", "market", "stop")


def read_order(call: Call, body: dict[str, Any]) -> OrderSpec:
    market = find_market(call.venue, body.get("product_id"), 400)
    if body.get("side") not in ("buy", "sell"):
        raise ApiError("Invalid side")
    kind = body.get("type", "limit")
    if kind not in TYPES:
        raise ApiError("Invalid type")
    side = Side(body["side"].upper())
    client_oid = _client_oid(body)
    if kind == "limit":
        terms = _limit(body, market.listing, side)
    else:
        terms = _market(body, market.listing, kind, market.price_at(call.now_ms))
    return OrderSpec(
        symbol=market.listing.symbol,
        side=side,
        client_order_id=client_oid.replace("-", ""),  # as the other venues' books have them
        wire={"client_oid": client_oid} if client_oid else {},
        **terms,
    )


def _client_oid(body: dict[str, Any]) -> str:
    """A UUID in the form with hyphens."""
    text = body.get("client_oid")
    if text is None:
        return ""
    try:
        is_good = isinstance(text, str) and str(UUID(text)) == text.lower()
    except ValueError:
        is_good = False
    if not is_good:
        raise ApiError("Invalid client_oid")
    return str(text).lower()


def _limit(body: dict[str, Any], listing: Listing, side: Side) -> dict[str, Any]:
    price = _price(body, "price", listing)
    try:
        time_in_force = TimeInForce(body.get("time_in_force", "GTC"))
    except ValueError:
        raise ApiError("Invalid time_in_force") from None  # GTT, too: the simulated books have no orders until a time
    post_only = body.get("post_only") in (True, "true")
    if post_only and time_in_force is not TimeInForce.GTC:
        raise ApiError("Invalid post_only")
    terms = {
        "order_type": OrderType.LIMIT,
        "quantity": _size(body, listing, price),
        "limit_price": price,
        "time_in_force": time_in_force,
        "post_only": post_only,
    }
    if "stop" not in body and "stop_price" not in body:
        return terms
    return terms | _stop(body.get("stop"), _price(body, "stop_price", listing), price, side)


def _stop(kind: Any, stop: Decimal, price: Decimal, side: Side) -> dict[str, Any]:
    if kind not in ("loss", "entry"):
        raise ApiError("Invalid stop")
    is_stop_loss = (kind == "loss") is (side is Side.SELL)
    if is_stop_loss and (stop < price if side is Side.SELL else stop > price):
        raise ApiError(f"stop price must be {'above' if side is Side.SELL else 'below'} limit price")
    order_type = OrderType.STOP_LOSS_LIMIT if is_stop_loss else OrderType.TAKE_PROFIT_LIMIT
    return {"order_type": order_type, "stop_price": stop}


def _market(body: dict[str, Any], listing: Listing, kind: str, last_price: Decimal) -> dict[str, Any]:
    """`stop` is the older form of a stop market order: its price is the one that triggers it."""
    terms: dict[str, Any] = {"order_type": OrderType.MARKET}
    if kind == "stop":
        terms = {"order_type": OrderType.STOP_LOSS, "stop_price": _price(body, "price", listing)}
    if "funds" not in body:
        return terms | {"quantity": _size(body, listing, last_price)}
    if "size" in body or kind == "stop":
        raise ApiError("Invalid funds")
    funds = _number(body, "funds", listing.tick_size)
    if funds < listing.min_notional:
        raise ApiError(f"funds is too small. Minimum size is {listing.min_notional:.8f}")
    return terms | {"quote_quantity": funds}


def _size(body: dict[str, Any], listing: Listing, price: Decimal) -> Decimal:
    size = _number(body, "size", listing.lot_step)
    if size < listing.min_quantity:
        raise ApiError(f"size is too small. Minimum size is {listing.min_quantity:.8f}")
    if size > listing.max_quantity:
        raise ApiError(f"size is too large. Maximum size is {listing.max_quantity:.8f}")
    if size * price < listing.min_notional:
        raise ApiError(f"notional is too small. Minimum is {listing.min_notional:f}")
    return size


def _price(body: dict[str, Any], name: str, listing: Listing) -> Decimal:
    return _number(body, name, listing.tick_size)


def _number(body: dict[str, Any], name: str, step: Decimal) -> Decimal:
    try:
        number = Decimal(str(body.get(name)))
    except InvalidOperation:
        raise ApiError(f"Invalid {name}") from None
    if not number.is_finite() or number <= 0:
        raise ApiError(f"Invalid {name}")
    if number % step:
        raise ApiError(f"{name} is too accurate. Smallest unit is {step:.8f}")
    return number
