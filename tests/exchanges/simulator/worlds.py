"""Venues on markets that move as a test tells them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import numpy as np

from bot_sdk.candles import MINUTES_PER_DAY
from exchanges.base import OrderType, Side
from exchanges.simulator.history import MINUTE_MS, flat
from exchanges.simulator.listings import Listing
from exchanges.simulator.market import Market
from exchanges.simulator.records import Account, OrderSpec
from exchanges.simulator.rules import VENUES, VenueRules
from exchanges.simulator.venue import Venue

D = Decimal
START_MINUTE = 20_000 * MINUTES_PER_DAY  # midnight, UTC
START = START_MINUTE * MINUTE_MS
HOUR = 60 * MINUTE_MS
Candle = tuple[float, float, float, float]
STILL: Candle = (1000, 1000, 1000, 1000)


class Script:
    """A history of a few minutes, given as (open, high, low, close); after them the price stands still."""

    first_minute = START_MINUTE - MINUTES_PER_DAY

    def __init__(self, listing: Listing, candles: Iterable[Candle]) -> None:
        tick = float(listing.tick_size)
        self._rows = np.array([[round(price / tick) for price in candle] + [1000] for candle in candles])

    def day(self, day: int) -> np.ndarray:
        rows = np.tile(flat(int(self._rows[-1, 3])), (MINUTES_PER_DAY, 1))
        if day < 20_000:
            rows[:] = flat(int(self._rows[0, 0]))
        elif day == 20_000:
            rows[: len(self._rows)] = self._rows
        return rows


def make_venue(name: str, rules: VenueRules | None = None, **candles: Iterable[Candle]) -> Venue:
    """`make_venue("binance_futures", BTC=[...], ETH=[...])`: each coin's market there moves as told."""
    rules = rules or VENUES[name]
    markets = {}
    for base, way in candles.items():
        listing = next(each for each in rules.listings.values() if each.base == base)
        markets[listing.symbol] = Market(listing, Script(listing, way))
    return Venue(name, markets, START, rules)


def open_account(venue: Venue, **balances: object) -> Account:
    return venue.open_account("someone", {asset: D(str(amount)) for asset, amount in balances.items()})


def spec(symbol: str, side: str, quantity: object = 1, **values: Any) -> OrderSpec:
    order_type = OrderType(values.pop("type", "MARKET"))
    for name in ("limit_price", "stop_price", "quote_quantity", "leverage", "trailing_pct"):
        if values.get(name) is not None:
            values[name] = D(str(values[name]))
    return OrderSpec(symbol, Side(side), order_type, "id", quantity=D(str(quantity)), **values)


def settle(venue: Venue, minutes: float) -> None:
    venue.settle(START + int(minutes * MINUTE_MS))
