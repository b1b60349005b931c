"""Symbol filters: what exchangeInfo tells, and the same rules applied to an order, each with an error of its own.

https://developers.binance.com/docs/derivatives/usds-margined-futures/common-definition#filters
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchanges.base import ZERO, Side
from exchanges.simulator.binance.params import ApiError
from exchanges.simulator.binance_futures.wire import decimals, is_conditional, price, quantity
from exchanges.simulator.listings import Listing
from exchanges.simulator.records import Order, OrderSpec

MAX_PRICE = Decimal(4_529_764)
MULTIPLIER_UP, MULTIPLIER_DOWN = Decimal("1.05"), Decimal("0.95")
MAX_NUM_ORDERS, MAX_NUM_ALGO_ORDERS = 200, 10


def symbol_filters(listing: Listing) -> list[dict[str, Any]]:
    lots = {"minQty": quantity(listing.min_quantity, listing), "stepSize": quantity(listing.lot_step, listing)}
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": price(listing.tick_size, listing),
            "maxPrice": str(MAX_PRICE),
            "tickSize": price(listing.tick_size, listing),
        },
        {"filterType": "LOT_SIZE", "maxQty": f"{listing.max_quantity:f}", **lots},
        {"filterType": "MARKET_LOT_SIZE", "maxQty": f"{listing.max_market_quantity:f}", **lots},
        {"filterType": "MAX_NUM_ORDERS", "limit": MAX_NUM_ORDERS},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": MAX_NUM_ALGO_ORDERS},
        {"filterType": "MIN_NOTIONAL", "notional": f"{listing.min_notional:f}"},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": f"{MULTIPLIER_UP:.4f}",
            "multiplierDown": f"{MULTIPLIER_DOWN:.4f}",
            "multiplierDecimal": "4",
        },
    ]


def apply_filters(spec: OrderSpec, listing: Listing, mark_price: Decimal, open_orders: list[Order]) -> None:
    """`open_orders`: the account's own in the symbol."""
    _check_precision(spec, listing)
    _check_quantity(spec, listing)
    is_stop = spec.stop_price is not None or spec.trailing_pct is not None
    for number in (spec.limit_price, spec.stop_price):
        if number is not None:
            _check_price(number, listing)
    if spec.limit_price is not None:
        _check_distance(spec, spec.stop_price or mark_price, listing)
    notional = spec.quantity * (spec.limit_price or spec.stop_price or mark_price)
    if notional < listing.min_notional and not spec.reduce_only:
        raise ApiError(
            -4164,
            f"Order's notional must be no smaller than {listing.min_notional:f} (unless you choose reduce only).",
        )
    stops = sum(is_conditional(order) and order.waits_for_trigger for order in open_orders)
    if is_stop and stops >= MAX_NUM_ALGO_ORDERS:
        raise ApiError(-4045, "Reach max stop order limit.")
    if not is_stop and len(open_orders) - stops >= MAX_NUM_ORDERS:
        raise ApiError(-2025, "Reach max open order limit.")


def _check_precision(spec: OrderSpec, listing: Listing) -> None:
    prices = (spec.limit_price, spec.stop_price)
    if any(number is not None and _places(number) > decimals(listing.tick_size) for number in prices):
        raise ApiError(-1111, "Precision is over the maximum defined for this asset.")
    if _places(spec.quantity) > decimals(listing.lot_step):
        raise ApiError(-1111, "Precision is over the maximum defined for this asset.")


def _check_quantity(spec: OrderSpec, listing: Listing) -> None:
    is_market = spec.limit_price is None
    if spec.quantity < listing.min_quantity:
        raise ApiError(-4004, "Quantity less than min quantity.")
    if spec.quantity > (listing.max_market_quantity if is_market else listing.max_quantity):
        raise ApiError(-4005, "Quantity greater than max quantity.")
    if spec.quantity % listing.lot_step:
        raise ApiError(-4023, "Qty not increased by step size.")


def _check_price(number: Decimal, listing: Listing) -> None:
    if number > MAX_PRICE:
        raise ApiError(-4002, "Price greater than max price.")
    if number % listing.tick_size:
        raise ApiError(-4014, "Price not increased by tick size.")


def _check_distance(spec: OrderSpec, reference: Decimal, listing: Listing) -> None:
    limit = spec.limit_price or ZERO
    highest, lowest = reference * MULTIPLIER_UP, reference * MULTIPLIER_DOWN
    if spec.side is Side.BUY and limit > highest:
        raise ApiError(-4016, f"Limit price can't be higher than {price(highest, listing)}.")
    if spec.side is Side.SELL and limit < lowest:
        raise ApiError(-4024, f"Limit price can't be lower than {price(lowest, listing)}.")


def _places(number: Decimal) -> int:
    return max(0, -int(number.normalize().as_tuple().exponent))
