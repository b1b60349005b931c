"""The face of one of Binance's account types: limits, security, then the endpoint."""

from __future__ import annotations

import time
from typing import ClassVar

from exchanges.base import VenueStatus
from exchanges.simulator.binance.call import Call, Endpoint, Security, weigh
from exchanges.simulator.binance.limits import RateLimits, banned, too_many_requests
from exchanges.simulator.binance.params import ApiError, Params
from exchanges.simulator.binance.security import check_signature, check_time, find_key, require_signed
from exchanges.simulator.http import Reply, Request
from exchanges.simulator.records import ApiKey, Permission
from exchanges.simulator.simulator import Simulator
from exchanges.simulator.venue import Venue

NOT_FOUND = "<html><body><h2>404 Not found</h2></body></html>"
ANSWERED_IN_MAINTENANCE = ("time", "status")


class BinanceFace:
    name = "binance"
    prefixes: tuple[str, ...] = ()
    endpoints: ClassVar[dict[tuple[str, str], Endpoint]] = {}
    is_strict: ClassVar[bool] = False  # refuses parameters that it does not read
    # The venue's own words for its troubles.
    words: ClassVar[dict[str, ApiError]] = {
        "server_error": ApiError(
            -1007,
            "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
            504,
        ),
        "market_suspended": ApiError(-2010, "Market is closed."),
        "cancel_only": ApiError(-2010, "Market is closed."),
    }

    def __init__(self, simulator: Simulator, venue: Venue, limits: RateLimits) -> None:
        self.simulator = simulator
        self.venue = venue
        self.limits = limits

    def handle(self, request: Request) -> Reply:
        """`request` once: counted, checked, carried out. Errors are replies like others."""
        headers: dict[str, str] = {}
        try:
            endpoint = self.endpoints.get((request.method, request.path))
            if endpoint is None:
                headers |= self.limits.spend(request.address, 1)
                return Reply(404, NOT_FOUND, headers)
            params = Params(request.query, request.body)
            headers |= self._spend(request, weigh(endpoint.weight, params))
            if self.is_strict:
                params.require_known(endpoint.known_params)
            call = self._call(params, headers, request.path)
            if call.status is VenueStatus.MAINTENANCE and endpoint.operation not in ANSWERED_IN_MAINTENANCE:
                raise self.words["server_error"]
            if endpoint.security is not Security.NONE:
                key = self._authenticate(call, endpoint.security, request)
                if uid_weight := weigh(endpoint.uid_weight, params):
                    headers |= self.limits.spend_uid(key.account_id, request.path, uid_weight)
            return Reply(200, endpoint.handler(call), headers)
        except ApiError as error:
            return _refused(error, headers)

    def operation(self, request: Request) -> str:
        endpoint = self.endpoints.get((request.method, request.path))
        return endpoint.operation if endpoint else "other"

    def error(self, kind: str) -> Reply:
        if kind == "too_many_requests":
            return _refused(too_many_requests(self.limits.weight_per_minute, 60))
        if kind == "banned":
            return _refused(banned(time.time() + 120, 120))
        return _refused(self.words[kind])

    def _call(self, params: Params, headers: dict[str, str], path: str) -> Call:
        del path
        return Call(self.simulator, self.venue, params, self.limits, headers=headers)

    def _spend(self, request: Request, weight: int) -> dict[str, str]:
        if request.path.startswith("/sapi/"):
            return self.limits.spend_wallet(request.address, request.path, weight)
        return self.limits.spend(request.address, weight)

    def _authenticate(self, call: Call, security: Security, request: Request) -> ApiKey:
        is_signed = security is not Security.MARKET_DATA
        if is_signed:
            require_signed(call.params)
        permission = Permission.TRADE if security is Security.TRADE else Permission.READ
        call.key = key = find_key(call.venue, _header(request, "X-MBX-APIKEY"), permission)
        if is_signed:
            check_time(call.params, call.now_ms, self.simulator.clock.client_tolerance())
            check_signature(key, call.params, request.query, request.body)
        return key


def _refused(error: ApiError, headers: dict[str, str] | None = None) -> Reply:
    return Reply(error.status, {"code": error.code, "msg": error.msg}, (headers or {}) | error.headers)


def _header(request: Request, name: str) -> str | None:
    return next((value for key, value in request.headers.items() if key.lower() == name.lower()), None)
