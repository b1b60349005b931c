"""From the parameters of a new order to an `OrderSpec`, or the error that Binance would answer.

https://developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/New-Order and .../New-Algo-Order
"""

from __future__ import annotations

import secrets
from decimal import Decimal
from enum import StrEnum

from exchanges.base import OrderType
from exchanges.simulator.binance.params import ApiError, Params, missing, not_required
from exchanges.simulator.binance_spot.order_params import read_side, read_wire
from exchanges.simulator.records import OrderSpec, TimeInForce

CLIENT_ID = r"^[\.A-Z\:/a-z0-9_-]{1,36}$"
CALLBACK_FROM, CALLBACK_TO, CALLBACK_STEP = Decimal("0.1"), Decimal(10), Decimal("0.1")
INVALID_TYPE = ApiError(-1116, "Invalid orderType.")


class PlainType(StrEnum):
    LIMIT = "LIMIT"
    MARKET = "MARKET"


class ConditionalType(StrEnum):
    STOP = "STOP"
    STOP_MARKET = "STOP_MARKET"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_MARKET = "TAKE_PROFIT_MARKET"
    TRAILING_STOP_MARKET = "TRAILING_STOP_MARKET"

    @property
    def order_type(self) -> OrderType:
        return {
            ConditionalType.STOP: OrderType.STOP_LOSS_LIMIT,
            ConditionalType.STOP_MARKET: OrderType.STOP_LOSS,
            ConditionalType.TAKE_PROFIT: OrderType.TAKE_PROFIT_LIMIT,
            ConditionalType.TAKE_PROFIT_MARKET: OrderType.TAKE_PROFIT,
            ConditionalType.TRAILING_STOP_MARKET: OrderType.TRAILING_STOP,
        }[self]

    @property
    def has_limit(self) -> bool:
        return self in (ConditionalType.STOP, ConditionalType.TAKE_PROFIT)


class WireTimeInForce(StrEnum):
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTX = "GTX"  # post-only


class ResponseType(StrEnum):
    ACK = "ACK"
    RESULT = "RESULT"


def read_order(params: Params, symbol: str) -> OrderSpec:
    side = read_side(params)
    if params.text("type") in ConditionalType.__members__:
        raise ApiError(
            -4120, "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
        )
    wire_type = params.choice("type", PlainType, INVALID_TYPE)
    if wire_type is None:
        raise missing("type")
    time_in_force, is_post_only = _read_time_in_force(params, wanted=wire_type is PlainType.LIMIT)
    return OrderSpec(
        symbol=symbol,
        side=side,
        order_type=OrderType(wire_type),
        client_order_id=_client_id(params, "newClientOrderId"),
        quantity=_read_quantity(params),
        limit_price=_read_price(params, "price", wanted=wire_type is PlainType.LIMIT),
        time_in_force=time_in_force,
        post_only=is_post_only,
        reduce_only=params.flag("reduceOnly"),
        wire=read_wire(params),
    )


def read_algo_order(params: Params, symbol: str) -> OrderSpec:
    if params.required_text("algoType") != "CONDITIONAL":
        raise ApiError(-1130, "Data sent for parameter 'algoType' is not valid.")
    side = read_side(params)
    wire_type = params.choice("type", ConditionalType, INVALID_TYPE)
    if wire_type is None:
        raise missing("type")
    if params.flag("closePosition"):
        raise ApiError(-1130, "Data sent for parameter 'closePosition' is not valid.")  # this venue does not have it
    is_trailing = wire_type is ConditionalType.TRAILING_STOP_MARKET
    time_in_force = TimeInForce.GTC
    if wire_type.has_limit and "timeInForce" in params:
        time_in_force, _ = _read_time_in_force(params, wanted=True)
    return OrderSpec(
        symbol=symbol,
        side=side,
        order_type=wire_type.order_type,
        client_order_id=_client_id(params, "clientAlgoId"),
        quantity=_read_quantity(params),
        limit_price=_read_price(params, "price", wanted=wire_type.has_limit),
        stop_price=None if is_trailing else _read_price(params, "triggerPrice", wanted=True),
        trailing_pct=_read_callback_rate(params) if is_trailing else None,
        time_in_force=time_in_force,
        reduce_only=params.flag("reduceOnly"),
        wire=read_wire(params),
    )


def read_response_type(params: Params) -> ResponseType:
    error = ApiError(-1130, "Data sent for parameter 'newOrderRespType' is not valid.")
    return params.choice("newOrderRespType", ResponseType, error) or ResponseType.ACK


def _client_id(params: Params, name: str) -> str:
    text = params.text(name)
    if text is not None and len(text) > 36:
        raise ApiError(-4015, "Client order id length should be less than 36 chars")
    return params.text(name, CLIENT_ID) or secrets.token_hex(11)


def _read_quantity(params: Params) -> Decimal:
    quantity = params.decimal("quantity")
    if quantity is None:
        raise missing("quantity")
    if quantity <= 0:
        raise ApiError(-4003, "Quantity less than or equal to zero.")
    return quantity


def _read_price(params: Params, name: str, *, wanted: bool) -> Decimal | None:
    price = params.decimal(name)
    if not wanted:
        if price:
            raise not_required(name)
        return None
    if price is None:
        raise missing(name)
    if price <= 0:
        raise ApiError(-4006 if name == "triggerPrice" else -4001, "Price less than or equal to zero.")
    return price


def _read_time_in_force(params: Params, *, wanted: bool) -> tuple[TimeInForce, bool]:
    value = params.choice("timeInForce", WireTimeInForce, ApiError(-1115, "Invalid timeInForce."))
    if not wanted:
        if value is not None:
            raise not_required("timeInForce")
        return TimeInForce.GTC, False
    if value is None:
        raise missing("timeInForce")
    return (TimeInForce.GTC, True) if value is WireTimeInForce.GTX else (TimeInForce(value), False)


def _read_callback_rate(params: Params) -> Decimal:
    rate = params.decimal("callbackRate")
    if rate is None:
        raise missing("callbackRate")
    if not CALLBACK_FROM <= rate <= CALLBACK_TO or rate % CALLBACK_STEP:
        raise ApiError(-2007, f"Invalid callBack rate: {rate:f}")
    if "activatePrice" in params:
        raise ApiError(-4135, "Invalid activation price")  # here it trails from the start
    return rate
