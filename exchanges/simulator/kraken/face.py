"""The face: counters, security, then the endpoint."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from exchanges.base import VenueStatus
from exchanges.simulator.clock import SimulatedClock
from exchanges.simulator.http import FaceOptions, Reply, Request
from exchanges.simulator.kraken import account, history, margin, market_data, trading
from exchanges.simulator.kraken.call import Call, Endpoint
from exchanges.simulator.kraken.limits import Counters
from exchanges.simulator.kraken.params import ApiError, Params
from exchanges.simulator.kraken.security import NonceBook, check_signature, find_key
from exchanges.simulator.simulator import Simulator
from exchanges.simulator.venue import Venue

PRIVATE: dict[str, Endpoint] = {
    **trading.ENDPOINTS,
    **account.ENDPOINTS,
    **margin.ENDPOINTS,
    **history.ENDPOINTS,
}
CANCEL_ONLY = "EService:Market in cancel_only mode"
ANSWERED_IN_MAINTENANCE = ("Time", "SystemStatus")
UNAVAILABLE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class Kraken:
    name = "kraken"
    prefixes: tuple[str, ...] = ("/0/",)

    def __init__(self, venue: Venue, clock: SimulatedClock) -> None:
        self.venue = venue
        self.counters = Counters()
        self.nonces = NonceBook()
        self._clock = clock

    def handle(self, request: Request) -> Reply:
        """`request` once: counted, checked, carried out. Errors are replies like others, with HTTP 200."""
        try:
            result = self._result(request)
        except ApiError as error:
            return Reply(200, {"error": list(error.errors)})
        return Reply(200, {"error": [], "result": result})

    def _result(self, request: Request) -> Any:
        section, method = _parts(request)
        if section == "public":
            endpoint = market_data.ENDPOINTS.get(method)
            if endpoint is None or request.method != "GET":  # public endpoints take nothing else since 2024-01-31
                raise ApiError("EGeneral:Unknown method")
            self.counters.count_public(request.address)
            self._require_service(method)
            return endpoint.handler(Call(self.venue, Params(request.query), self.counters, self._clock))
        endpoint = PRIVATE.get(method) if section == "private" else None
        if endpoint is None or request.method != "POST":
            raise ApiError("EGeneral:Unknown method")
        return endpoint.handler(self._authenticated(request, endpoint, method))

    def _authenticated(self, request: Request, endpoint: Endpoint, method: str) -> Call:
        params = Params(request.body)
        key = find_key(self.venue, _header(request, "API-Key"))
        check_signature(key, _header(request, "API-Sign"), request.path, params, request.body)
        self.nonces.check(key, params)
        self._require_service(method)
        if endpoint.permission is not None and endpoint.permission not in key.permissions:
            raise ApiError("EGeneral:Permission denied")
        if endpoint.cost:
            self.counters.count_call(key.api_key, endpoint.cost)
        return Call(self.venue, params, self.counters, self._clock, key, self.nonces.window)

    def _require_service(self, method: str) -> None:
        if self.venue.status is VenueStatus.MAINTENANCE and method not in ANSWERED_IN_MAINTENANCE:
            raise ApiError("EService:Unavailable")

    def operation(self, request: Request) -> str:
        section, method = _parts(request)
        endpoint = (market_data.ENDPOINTS if section == "public" else PRIVATE).get(method)
        return endpoint.operation if endpoint else "other"

    def error(self, kind: str) -> Reply:
        """An HTTP status other than 200 means that the request did not get as far as the venue's own servers."""
        if kind == "server_error":
            return Reply(502, UNAVAILABLE)
        if kind == "banned":
            return Reply(200, {"error": ["EGeneral:Temporary lockout"]})
        words = {
            "too_many_requests": "EAPI:Rate limit exceeded",
            "market_suspended": CANCEL_ONLY,  # the nearest words that it has
            "cancel_only": CANCEL_ONLY,
        }
        return Reply(200, {"error": [words[kind]]})


def _parts(request: Request) -> tuple[str, str]:
    """`/0/private/AddOrder` as its section and method."""
    parts = unquote(request.path).strip("/").split("/")
    return (parts[1], parts[2]) if len(parts) == 3 else ("", "")


def _header(request: Request, name: str) -> str | None:
    return next((value for key, value in request.headers.items() if key.lower() == name.lower()), None)


def make_face(simulator: Simulator, options: FaceOptions) -> Kraken:
    del options
    return Kraken(simulator.venues["kraken"], simulator.clock)
