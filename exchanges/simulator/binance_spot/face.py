"""The face: limits, security, then the endpoint."""

from __future__ import annotations

from exchanges.simulator.binance_spot import account, market_data, order_lists, trading
from exchanges.simulator.binance_spot.call import Call, Endpoint, Security
from exchanges.simulator.binance_spot.limits import WEIGHT_PER_MINUTE, RateLimits
from exchanges.simulator.binance_spot.params import ApiError, Params
from exchanges.simulator.binance_spot.security import (
    check_signature,
    check_time,
    find_key,
    require_signed,
)
from exchanges.simulator.clock import SimulatedClock
from exchanges.simulator.http import FaceOptions, Reply, Request
from exchanges.simulator.records import Permission
from exchanges.simulator.simulator import Simulator
from exchanges.simulator.venue import Venue

ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    **market_data.ENDPOINTS,
    **trading.ENDPOINTS,
    **order_lists.ENDPOINTS,
    **account.ENDPOINTS,
}


class BinanceSpot:
    name = "binance"
    prefixes: tuple[str, ...] = ("/api/", "/sapi/")

    def __init__(self, venue: Venue, clock: SimulatedClock, weight_per_minute: int = WEIGHT_PER_MINUTE) -> None:
        self.venue = venue
        self.limits = RateLimits(weight_per_minute)
        self._clock = clock

    def handle(self, request: Request) -> Reply:
        """`request` once: counted, checked, carried out. Errors are replies like others."""
        headers: dict[str, str] = {}
        try:
            endpoint = ENDPOINTS.get((request.method, request.path))
            if endpoint is None:
                headers |= self.limits.spend(request.address, 1)
                return Reply(404, "<html><body><h2>404 Not found</h2></body></html>", headers)
            params = Params(request.query, request.body)
            weight = endpoint.weight if isinstance(endpoint.weight, int) else endpoint.weight(params)
            headers |= self.limits.spend(request.address, weight)
            params.require_known(endpoint.known_params)
            call = Call(self.venue, params, self.limits, headers=headers)
            if endpoint.security is not Security.NONE:
                self._authenticate(call, endpoint.security, request)
            return Reply(200, endpoint.handler(call), headers)
        except ApiError as error:
            return Reply(error.status, {"code": error.code, "msg": error.msg}, headers | error.headers)

    def _authenticate(self, call: Call, security: Security, request: Request) -> None:
        require_signed(call.params)
        permission = Permission.TRADE if security is Security.TRADE else Permission.READ
        call.key = find_key(self.venue, _header(request, "X-MBX-APIKEY"), permission)
        check_time(call.params, call.now_ms, self._clock.client_tolerance())
        check_signature(call.key, call.params, request.query, request.body)


def _header(request: Request, name: str) -> str | None:
    return next((value for key, value in request.headers.items() if key.lower() == name.lower()), None)


def make_face(simulator: Simulator, options: FaceOptions) -> BinanceSpot:
    return BinanceSpot(simulator.binance, simulator.clock, options.weight_per_minute or WEIGHT_PER_MINUTE)
