"""The face of USD-M futures."""

from __future__ import annotations

from exchanges.simulator.binance.call import Call
from exchanges.simulator.binance.face import BinanceFace
from exchanges.simulator.binance.limits import FUTURES_ORDER_LIMITS, FUTURES_WEIGHT_PER_MINUTE, RateLimits
from exchanges.simulator.binance.params import ApiError, Params
from exchanges.simulator.binance_futures import account, algo, income, market_data, trading
from exchanges.simulator.binance_futures.call import FuturesCall
from exchanges.simulator.http import FaceOptions
from exchanges.simulator.simulator import Simulator
from exchanges.simulator.venue import Venue


class BinanceFutures(BinanceFace):
    name = "binance_futures"
    prefixes = ("/fapi/", "/dapi/")
    endpoints = {
        **market_data.ENDPOINTS,
        **trading.ENDPOINTS,
        **algo.ENDPOINTS,
        **account.ENDPOINTS,
        **income.ENDPOINTS,
    }
    words = {
        "server_error": ApiError(-1000, "Unknown error, please check your request or try again later.", 503),
        "market_suspended": ApiError(-4141, "Symbol is closed."),
        "cancel_only": ApiError(-4140, "Invalid symbol status for opening position."),
    }

    def __init__(self, simulator: Simulator, venue: Venue, limits: RateLimits) -> None:
        super().__init__(simulator, venue, limits)
        self.hedged: set[int] = set()

    def _call(self, params: Params, headers: dict[str, str], path: str) -> Call:
        return FuturesCall(self.simulator, self.venue, params, self.limits, headers=headers, hedged=self.hedged)


def make_face(simulator: Simulator, options: FaceOptions) -> BinanceFutures:
    limits = RateLimits(options.weight_per_minute or FUTURES_WEIGHT_PER_MINUTE, order_limits=FUTURES_ORDER_LIMITS)
    return BinanceFutures(simulator, simulator.venues["binance_futures"], limits)
