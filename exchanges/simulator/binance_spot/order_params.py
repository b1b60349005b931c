"""From the parameters of a new order to an `OrderSpec`, or the error that Binance would answer.

Which type needs which parameters:
https://github.com/binance/binance-spot-api-docs/blob/master/rest-api.md#new-order-trade
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from exchanges.base import ZERO, OrderType, Side
from exchanges.simulator.binance.params import (
    CLIENT_ID,
    ApiError,
    Params,
    missing,
    not_required,
)
from exchanges.simulator.binance_spot.wire import BIPS_PER_PCT
from exchanges.simulator.records import OrderSpec, TimeInForce

ORDER_PARAMS = (
    "symbol side type timeInForce quantity quoteOrderQty price newClientOrderId strategyId strategyType"
    " stopPrice trailingDelta icebergQty newOrderRespType selfTradePreventionMode"
)


class ResponseType(StrEnum):
    ACK = "ACK"
    RESULT = "RESULT"
    FULL = "FULL"


class SelfTradeMode(StrEnum):
    EXPIRE_TAKER = "EXPIRE_TAKER"
    EXPIRE_MAKER = "EXPIRE_MAKER"
    EXPIRE_BOTH = "EXPIRE_BOTH"
    DECREMENT = "DECREMENT"
    NONE = "NONE"


class WireType(StrEnum):
    LIMIT = "LIMIT"
    MARKET = "MARKET"
    LIMIT_MAKER = "LIMIT_MAKER"
    STOP_LOSS = "STOP_LOSS"
    STOP_LOSS_LIMIT = "STOP_LOSS_LIMIT"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_LIMIT = "TAKE_PROFIT_LIMIT"

    @property
    def order_type(self) -> OrderType:
        return OrderType.LIMIT if self is WireType.LIMIT_MAKER else OrderType(self)


@dataclass(frozen=True, slots=True)
class Rule:
    """Which parameters a type must have; it may have no other of these four."""

    price: bool = False
    stop_price: bool = False
    time_in_force: bool = False


RULES: dict[WireType, Rule] = {
    WireType.LIMIT: Rule(price=True, time_in_force=True),
    WireType.MARKET: Rule(),
    WireType.LIMIT_MAKER: Rule(price=True),
    WireType.STOP_LOSS: Rule(stop_price=True),
    WireType.STOP_LOSS_LIMIT: Rule(price=True, stop_price=True, time_in_force=True),
    WireType.TAKE_PROFIT: Rule(stop_price=True),
    WireType.TAKE_PROFIT_LIMIT: Rule(price=True, stop_price=True, time_in_force=True),
}


def read_order(params: Params, symbol: str) -> OrderSpec:
    side = read_side(params)
    wire_type = params.choice("type", WireType, ApiError(-1116, "Invalid orderType."))
    if wire_type is None:
        raise missing("type")
    refuse_unsupported(params)
    trailing_pct = _read_trailing(params, wire_type)
    rule = RULES[wire_type] if trailing_pct is None else Rule()
    quantity, quote_quantity = _read_amounts(params, wire_type)
    return OrderSpec(
        symbol=symbol,
        side=side,
        order_type=wire_type.order_type if trailing_pct is None else OrderType.TRAILING_STOP,
        trailing_pct=trailing_pct,
        client_order_id=client_id(params, "newClientOrderId"),
        quantity=quantity,
        quote_quantity=quote_quantity,
        limit_price=read_price(params, "price", wanted=rule.price),
        stop_price=read_price(params, "stopPrice", wanted=rule.stop_price),
        time_in_force=read_time_in_force(params, "timeInForce", wanted=rule.time_in_force),
        post_only=wire_type is WireType.LIMIT_MAKER,
        wire=read_wire(params),
    )


def read_side(params: Params) -> Side:
    side = params.choice("side", Side, ApiError(-1117, "Invalid side."))
    if side is None:
        raise missing("side")
    return side


def read_price(params: Params, name: str, *, wanted: bool) -> Decimal | None:
    price = params.decimal(name)
    if not wanted:
        if price is not None:
            raise not_required(name)
        return None
    if price is None:
        raise missing(name)
    if price == 0:
        raise ApiError(-1013, "Invalid price." if name.lower().endswith("price") else f"Invalid {name}.")
    return price


def read_quantity(params: Params, name: str) -> Decimal:
    quantity = params.decimal(name)
    if quantity is None:
        raise missing(name)
    if quantity == 0:
        raise ApiError(-1013, "Invalid quantity.")
    return quantity


def read_time_in_force(params: Params, name: str, *, wanted: bool) -> TimeInForce:
    value = params.choice(name, TimeInForce, ApiError(-1115, "Invalid timeInForce."))
    if not wanted:
        if value is not None:
            raise not_required(name)
        return TimeInForce.GTC
    if value is None:
        raise missing(name)
    return value


def read_wire(params: Params) -> dict[str, str]:
    mode = params.choice(
        "selfTradePreventionMode",
        SelfTradeMode,
        ApiError(-1130, "Data sent for parameter 'selfTradePreventionMode' is not valid."),
    )
    return {} if mode is None else {"selfTradePreventionMode": str(mode)}


def read_response_type(params: Params, default: ResponseType) -> ResponseType:
    error = ApiError(-1130, "Data sent for parameter 'newOrderRespType' is not valid.")
    return params.choice("newOrderRespType", ResponseType, error) or default


def refuse_unsupported(params: Params) -> None:
    """What exchangeInfo says this venue does not have."""
    if params.text("icebergQty"):
        raise ApiError(-2010, "Iceberg orders are not supported for this symbol.")


def _read_trailing(params: Params, wire_type: WireType) -> Decimal | None:
    """Per cent. https://github.com/binance/binance-spot-api-docs/blob/master/faqs/trailing-stop-faq.md

    Of what exchangeInfo announces this venue has the plain one: a stop that trails from the start and becomes a market
    order.
    """
    delta = params.integer("trailingDelta")
    if delta is None:
        return None
    if wire_type in (WireType.LIMIT, WireType.MARKET, WireType.LIMIT_MAKER):
        raise not_required("trailingDelta")
    if wire_type is not WireType.STOP_LOSS or "stopPrice" in params:
        raise ApiError(-2010, "Trailing stop orders are not supported for this symbol.")
    return Decimal(delta) / BIPS_PER_PCT


def client_id(params: Params, name: str) -> str:
    return params.text(name, CLIENT_ID) or secrets.token_hex(11)


def _read_amounts(params: Params, wire_type: WireType) -> tuple[Decimal, Decimal]:
    if wire_type is WireType.MARKET and "quantity" not in params:
        if "quoteOrderQty" not in params:
            raise ApiError(-1102, "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!")
        return ZERO, read_quantity(params, "quoteOrderQty")
    if "quoteOrderQty" in params:
        if wire_type is not WireType.MARKET:
            raise not_required("quoteOrderQty")
        raise ApiError(-1128, "Combination of optional parameters invalid.")
    return read_quantity(params, "quantity"), ZERO
