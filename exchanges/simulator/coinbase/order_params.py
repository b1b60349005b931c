"""An order as it is asked for: its form, its steps and its prices.

https://docs.cdp.coinbase.com/api-reference/advanced-trade-api/rest-api/orders/create-order
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from exchanges.base import ZERO, OrderType, Side
from exchanges.simulator.coinbase.call import Call, invalid
from exchanges.simulator.coinbase.wire import product_id
from exchanges.simulator.listings import Listing
from exchanges.simulator.records import OrderSpec, TimeInForce

MOST_ID_CHARACTERS = 128
# How far the stop of a bracket sells or buys through its trigger.
BRACKET_THROUGH = Decimal("0.05")

LIMITS = {
    "limit_limit_gtc": TimeInForce.GTC,
    "limit_limit_fok": TimeInForce.FOK,
    "sor_limit_ioc": TimeInForce.IOC,
}


class Rejected(Exception):
    """`success: false`, with HTTP 200."""

    def __init__(self, reason: str, message: str, *, preview: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.message = message
        self.preview = preview or f"PREVIEW_{reason}"


@dataclass(frozen=True, slots=True)
class Asked:
    """`specs`: one, or a bracket's take profit and stop."""

    client_order_id: str
    product_id: str
    side: Side
    configuration: dict[str, Any]
    specs: tuple[OrderSpec, ...]


def read_head(body: dict[str, Any]) -> tuple[str, Side]:
    """Client order id and side."""
    client_order_id = body.get("client_order_id")
    if not isinstance(client_order_id, str) or not 0 < len(client_order_id) <= MOST_ID_CHARACTERS:
        raise invalid("client_order_id is required")
    if body.get("side") not in ("BUY", "SELL"):
        raise invalid("side is required")
    return client_order_id, Side(body["side"])


def read_order(call: Call, body: dict[str, Any]) -> Asked:
    client_order_id, side = read_head(body)
    symbol = next((s for s in call.venue.markets if product_id(s) == body.get("product_id")), None)
    if symbol is None:
        raise Rejected("INVALID_PRODUCT_ID", "invalid product_id")
    configuration = body.get("order_configuration")
    if not isinstance(configuration, dict) or len(configuration) != 1:
        raise Rejected("UNSUPPORTED_ORDER_CONFIGURATION", "order configuration was invalid")
    ((name, terms),) = configuration.items()
    if not isinstance(terms, dict):
        raise Rejected("UNSUPPORTED_ORDER_CONFIGURATION", "order configuration was invalid")
    reader = _Reader(call.venue.markets[symbol].listing, terms, side, call.venue.markets[symbol].price_at(call.now_ms))
    common: dict[str, Any] = {
        "symbol": symbol,
        "side": side,
        "client_order_id": client_order_id,
        "wire": {"configuration": json.dumps(configuration)},
    }
    specs = tuple(OrderSpec(**common, **values) for values in reader.read(name))
    return Asked(client_order_id, product_id(symbol), side, configuration, specs)


@dataclass(frozen=True, slots=True)
class _Reader:
    listing: Listing
    terms: dict[str, Any]
    side: Side
    last_price: Decimal

    def read(self, name: str) -> list[dict[str, Any]]:
        if name == "market_market_ioc":
            return [self._market()]
        if name in LIMITS:
            return [self._limit(LIMITS[name])]
        if name == "stop_limit_stop_limit_gtc":
            return [self._stop_limit()]
        if name == "trigger_bracket_gtc":
            return self._bracket()
        # Orders until a date, by the hour (TWAP) and in steps: the simulated books have none.
        raise Rejected("UNSUPPORTED_ORDER_CONFIGURATION", "order configuration is not supported")

    def _market(self) -> dict[str, Any]:
        if "quote_size" in self.terms:
            size = self._number("quote_size", self.listing.tick_size, "INVALID_QUOTE_SIZE_PRECISION")
            if size < self.listing.min_notional:
                raise _unknown("PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL")
            return {"order_type": OrderType.MARKET, "quote_quantity": size}
        return {"order_type": OrderType.MARKET, "quantity": self._base_size(self.last_price)}

    def _limit(self, time_in_force: TimeInForce) -> dict[str, Any]:
        limit = self._price("limit_price")
        return {
            "order_type": OrderType.LIMIT,
            "quantity": self._base_size(limit),
            "limit_price": limit,
            "time_in_force": time_in_force,
            "post_only": self.terms.get("post_only") is True,
        }

    def _stop_limit(self) -> dict[str, Any]:
        limit, stop = self._price("limit_price"), self._price("stop_price")
        is_down = self.terms.get("stop_direction") == "STOP_DIRECTION_STOP_DOWN"
        if not is_down and self.terms.get("stop_direction") != "STOP_DIRECTION_STOP_UP":
            raise Rejected("UNSUPPORTED_ORDER_CONFIGURATION", "stop direction is required")
        if is_down and stop >= self.last_price:
            raise _unknown("PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE")
        if not is_down and stop <= self.last_price:
            raise _unknown("PREVIEW_STOP_PRICE_BELOW_LAST_TRADE_PRICE")
        is_stop_loss = is_down is (self.side is Side.SELL)
        if is_stop_loss and self.side is Side.SELL and stop < limit:
            raise _unknown("PREVIEW_STOP_PRICE_BELOW_LIMIT_PRICE")
        if is_stop_loss and self.side is Side.BUY and stop > limit:
            raise _unknown("PREVIEW_STOP_PRICE_ABOVE_LIMIT_PRICE")
        return {
            "order_type": OrderType.STOP_LOSS_LIMIT if is_stop_loss else OrderType.TAKE_PROFIT_LIMIT,
            "quantity": self._base_size(limit),
            "limit_price": limit,
            "stop_price": stop,
        }

    def _bracket(self) -> list[dict[str, Any]]:
        limit, stop = self._price("limit_price"), self._price("stop_trigger_price")
        is_sale = self.side is Side.SELL
        if not (stop < limit if is_sale else stop > limit):
            raise Rejected("INVALID_BRACKET_PRICES", "bracket prices are invalid")
        if not (self.last_price < limit if is_sale else self.last_price > limit):
            raise Rejected("INVALID_BRACKET_LIMIT_PRICE", "the limit price has been reached")
        if not (self.last_price > stop if is_sale else self.last_price < stop):
            raise Rejected("INVALID_BRACKET_STOP_TRIGGER_PRICE", "the stop trigger price has been reached")
        quantity = self._base_size(stop)
        through = stop * (1 - BRACKET_THROUGH if is_sale else 1 + BRACKET_THROUGH)
        return [
            {"order_type": OrderType.LIMIT, "quantity": quantity, "limit_price": limit},
            {
                "order_type": OrderType.STOP_LOSS_LIMIT,
                "quantity": quantity,
                "limit_price": through // self.listing.tick_size * self.listing.tick_size,
                "stop_price": stop,
            },
        ]

    def _base_size(self, price: Decimal) -> Decimal:
        size = self._number("base_size", self.listing.lot_step, "INVALID_SIZE_PRECISION")
        if size < self.listing.min_quantity or size * price < self.listing.min_notional:
            raise _unknown("PREVIEW_INVALID_BASE_SIZE_TOO_SMALL")
        if size > self.listing.max_quantity:
            raise _unknown("PREVIEW_INVALID_BASE_SIZE_TOO_LARGE")
        return size

    def _price(self, name: str) -> Decimal:
        return self._number(name, self.listing.tick_size, "INVALID_PRICE_PRECISION")

    def _number(self, name: str, step: Decimal, too_precise: str) -> Decimal:
        try:
            number = Decimal(str(self.terms.get(name)))
        except InvalidOperation:
            number = ZERO
        if not number.is_finite() or number <= 0:
            raise Rejected("UNSUPPORTED_ORDER_CONFIGURATION", f"{name} is invalid")
        if number % step:
            raise Rejected(too_precise, "Too many decimals in order amount or price")
        return number


def _unknown(preview: str) -> Rejected:
    """What only the older of the two reasons tells."""
    return Rejected("UNKNOWN_FAILURE_REASON", "", preview=preview)
