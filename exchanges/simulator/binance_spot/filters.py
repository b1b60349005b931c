"""Symbol filters: what exchangeInfo tells, and the same rules applied to an order.

https://github.com/binance/binance-spot-api-docs/blob/master/filters.md
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exchanges.base import ZERO, OrderType
from exchanges.simulator.binance.params import filter_failure
from exchanges.simulator.binance_spot.wire import BIPS_PER_PCT, fixed
from exchanges.simulator.listings import Listing
from exchanges.simulator.market import AVERAGE_MINUTES, Market
from exchanges.simulator.records import Order, OrderSpec

MAX_PRICE = Decimal(1_000_000)
MULTIPLIER_UP, MULTIPLIER_DOWN = Decimal(5), Decimal("0.2")
MIN_TRAILING_DELTA, MAX_TRAILING_DELTA = 10, 2000  # basis points, on both sides
MAX_NUM_ORDERS = 200
MAX_NUM_ALGO_ORDERS = 5


def symbol_filters(listing: Listing) -> list[dict[str, Any]]:
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": fixed(listing.tick_size),
            "maxPrice": fixed(MAX_PRICE),
            "tickSize": fixed(listing.tick_size),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": fixed(listing.min_quantity),
            "maxQty": fixed(listing.max_quantity),
            "stepSize": fixed(listing.lot_step),
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": fixed(ZERO),
            "maxQty": fixed(listing.max_market_quantity),
            "stepSize": fixed(ZERO),
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": str(MULTIPLIER_UP),
            "bidMultiplierDown": str(MULTIPLIER_DOWN),
            "askMultiplierUp": str(MULTIPLIER_UP),
            "askMultiplierDown": str(MULTIPLIER_DOWN),
            "avgPriceMins": AVERAGE_MINUTES,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": fixed(listing.min_notional),
            "applyMinToMarket": True,
            "maxNotional": fixed(listing.max_notional),
            "applyMaxToMarket": False,
            "avgPriceMins": AVERAGE_MINUTES,
        },
        {
            "filterType": "TRAILING_DELTA",
            "minTrailingAboveDelta": MIN_TRAILING_DELTA,
            "maxTrailingAboveDelta": MAX_TRAILING_DELTA,
            "minTrailingBelowDelta": MIN_TRAILING_DELTA,
            "maxTrailingBelowDelta": MAX_TRAILING_DELTA,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": MAX_NUM_ORDERS},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": MAX_NUM_ALGO_ORDERS},
    ]


def apply_filters(specs: list[OrderSpec], market: Market, now_ms: int, open_orders: list[Order]) -> None:
    """Raise -1013 with the name of the first filter that an order fails. `open_orders`: the account's own."""
    average = market.average_price(now_ms)
    for spec in specs:
        _check_prices(spec, market.listing, average)
        _check_quantity(spec, market.listing)
        _check_notional(spec, market.listing, average)
        if spec.trailing_pct is not None:
            delta = spec.trailing_pct * BIPS_PER_PCT
            if not MIN_TRAILING_DELTA <= delta <= MAX_TRAILING_DELTA:
                raise filter_failure("TRAILING_DELTA")
    if len(open_orders) + len(specs) > MAX_NUM_ORDERS:
        raise filter_failure("MAX_NUM_ORDERS")
    new_stops = sum(_is_stop(spec) for spec in specs)
    open_stops = sum(_is_stop(order) for order in open_orders)
    if new_stops and open_stops + new_stops > MAX_NUM_ALGO_ORDERS:
        raise filter_failure("MAX_NUM_ALGO_ORDERS")


def _is_stop(order: OrderSpec | Order) -> bool:
    return order.stop_price is not None or order.trailing_pct is not None


def _check_prices(spec: OrderSpec, listing: Listing, average: Decimal) -> None:
    for price in (spec.limit_price, spec.stop_price):
        if price is not None and not _fits(price, listing.tick_size, listing.tick_size, MAX_PRICE):
            raise filter_failure("PRICE_FILTER")
    if spec.limit_price is not None and not (average * MULTIPLIER_DOWN <= spec.limit_price <= average * MULTIPLIER_UP):
        raise filter_failure("PERCENT_PRICE_BY_SIDE")


def _check_quantity(spec: OrderSpec, listing: Listing) -> None:
    if spec.quote_quantity:
        return  # the venue makes the lots itself
    if not _fits(spec.quantity, listing.lot_step, listing.min_quantity, listing.max_quantity):
        raise filter_failure("LOT_SIZE")
    if spec.limit_price is None and spec.quantity > listing.max_market_quantity:
        raise filter_failure("MARKET_LOT_SIZE")


def _check_notional(spec: OrderSpec, listing: Listing, average: Decimal) -> None:
    is_market = spec.order_type is OrderType.MARKET
    price = spec.limit_price or spec.stop_price or average
    notional = spec.quote_quantity or spec.quantity * price
    if notional < listing.min_notional or (not is_market and notional > listing.max_notional):
        raise filter_failure("NOTIONAL")


def _fits(value: Decimal, step: Decimal, minimum: Decimal, maximum: Decimal) -> bool:
    return minimum <= value <= maximum and value % step == 0
