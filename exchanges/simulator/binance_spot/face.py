"""The face of spot, and of what /sapi has for all account types."""

from __future__ import annotations

from exchanges.simulator.binance.face import BinanceFace
from exchanges.simulator.binance.limits import WEIGHT_PER_MINUTE, RateLimits
from exchanges.simulator.binance_spot import account, market_data, order_lists, trading
from exchanges.simulator.http import FaceOptions
from exchanges.simulator.simulator import Simulator


class BinanceSpot(BinanceFace):
    name = "binance"
    prefixes = ("/api/", "/sapi/")
    endpoints = {**market_data.ENDPOINTS, **trading.ENDPOINTS, **order_lists.ENDPOINTS, **account.ENDPOINTS}
    is_strict = True


def make_face(simulator: Simulator, options: FaceOptions) -> BinanceSpot:
    limits = RateLimits(options.weight_per_minute or WEIGHT_PER_MINUTE)
    return BinanceSpot(simulator, simulator.binance, limits)
