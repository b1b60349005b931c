"""The face of margin: both kinds of accounts at the same addresses, told apart by a parameter."""

from __future__ import annotations

from exchanges.simulator.binance.call import Call
from exchanges.simulator.binance.face import BinanceFace
from exchanges.simulator.binance.limits import RateLimits
from exchanges.simulator.binance.params import Params
from exchanges.simulator.binance_margin import account, lending, trading
from exchanges.simulator.binance_margin.call import MarginCall
from exchanges.simulator.http import FaceOptions
from exchanges.simulator.simulator import Simulator


class BinanceMargin(BinanceFace):
    name = "binance_margin"
    prefixes = ("/sapi/v1/margin/",)
    endpoints = {**trading.ENDPOINTS, **account.ENDPOINTS, **lending.ENDPOINTS}
    of_isolated = "/sapi/v1/margin/isolated/"

    def _call(self, params: Params, headers: dict[str, str], path: str) -> Call:
        is_isolated = path.startswith(self.of_isolated) or params.flag("isIsolated") or "isolatedSymbol" in params
        venue = self.simulator.venues["binance_isolated"] if is_isolated else self.venue
        return MarginCall(self.simulator, venue, params, self.limits, headers=headers)


def make_face(simulator: Simulator, options: FaceOptions) -> BinanceMargin:
    del options
    return BinanceMargin(simulator, simulator.venues["binance_margin"], RateLimits())
