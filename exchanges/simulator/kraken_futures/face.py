"""The face: the endpoint, the counters, the signature, then what the endpoint does."""

from __future__ import annotations

from typing import Any

from exchanges.base import VenueStatus
from exchanges.simulator.clock import SimulatedClock
from exchanges.simulator.http import FaceOptions, Reply, Request
from exchanges.simulator.kraken_futures import account, history, market_data, trading
from exchanges.simulator.kraken_futures.call import Call, Endpoint
from exchanges.simulator.kraken_futures.limits import Counters
from exchanges.simulator.kraken_futures.names import OrderIndex
from exchanges.simulator.kraken_futures.params import (
    ApiError,
    FaceError,
    HistoryUnauthorized,
    KeyUnauthorized,
    NotHere,
    Params,
    iso,
)
from exchanges.simulator.kraken_futures.security import Doorkeeper
from exchanges.simulator.simulator import Simulator
from exchanges.simulator.venue import Venue

TRADING, CHARTS, HISTORY, KEYS = "/derivatives/", "/api/charts/", "/api/history/", "/api/auth/"
ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    **market_data.ENDPOINTS,
    **trading.ENDPOINTS,
    **account.ENDPOINTS,
    **history.ENDPOINTS,
}
BANNED = "<html><head><title>Access denied</title></head><body>error code: 1015</body></html>"
UNAVAILABLE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class KrakenFutures:
    name = "kraken_futures"
    prefixes: tuple[str, ...] = ("/derivatives/", "/api/")

    def __init__(self, venue: Venue, clock: SimulatedClock) -> None:
        self.venue = venue
        self.counters = Counters()
        self._clock = clock
        self._doorkeeper = Doorkeeper(venue)
        self._index = OrderIndex(venue)

    def handle(self, request: Request) -> Reply:
        try:
            body, status, headers = self._answer(request), 200, {}
        except FaceError as error:
            body, status, headers = error.body, error.status, error.headers
        if isinstance(body, dict) and request.path.startswith(TRADING):
            body = {"result": "success", **body, "serverTime": iso(self.venue.settled_ms)}
        return Reply(status, body, headers)

    def _answer(self, request: Request) -> Any:
        endpoint, place = find_endpoint(request)
        if endpoint is None:
            raise NotHere
        if self.venue.status is VenueStatus.MAINTENANCE:
            raise FaceError(503, {"result": "error", "error": "Unavailable"})
        params = Params(request.query, request.body)
        call = Call(self.venue, params, self._clock, self._index, place)
        if endpoint.permission is None:
            return endpoint.handler(call)
        try:
            call.key = self._doorkeeper.admit(request, endpoint.permission)
        except ApiError as error:
            raise _as_told_at(request.path, error) from error
        self._count(request, endpoint.cost_of(params), call.key.api_key)
        return endpoint.handler(call)

    def _count(self, request: Request, cost: float, api_key: str) -> None:
        if request.path.startswith(HISTORY):
            self.counters.take_tokens(api_key, cost)
        else:
            self.counters.count(request.address, cost)

    def operation(self, request: Request) -> str:
        endpoint, _ = find_endpoint(request)
        return endpoint.operation if endpoint else "other"

    def error(self, kind: str) -> Reply:
        if kind == "server_error":
            return Reply(502, UNAVAILABLE)
        if kind == "banned":
            return Reply(429, BANNED, {"Retry-After": "60"})
        words = {
            "too_many_requests": "apiLimitExceeded",
            "market_suspended": "marketUnavailable",
            "cancel_only": "marketUnavailable",
        }
        body = {"result": "error", "error": words[kind], "serverTime": iso(self.venue.settled_ms)}
        return Reply(200, body)


def find_endpoint(request: Request) -> tuple[Endpoint | None, dict[str, str]]:
    """The endpoint, and what stands in its path where that has names in braces."""
    exact = ENDPOINTS.get((request.method, request.path))
    if exact is not None:
        return exact, {}
    parts = request.path.split("/")
    for (method, template), endpoint in ENDPOINTS.items():
        names = template.split("/")
        if method != request.method or "{" not in template or len(names) != len(parts):
            continue
        if all(name == part or (name.startswith("{") and part) for name, part in zip(names, parts, strict=True)):
            named = zip(names, parts, strict=True)
            return endpoint, {name.strip("{}"): part for name, part in named if name.startswith("{")}
    return None, {}


def _as_told_at(path: str, error: ApiError) -> FaceError:
    """Who may not ask is told so in other words at the history and the keys."""
    if path.startswith(HISTORY):
        return HistoryUnauthorized()
    return KeyUnauthorized() if path.startswith(KEYS) else error


def make_face(simulator: Simulator, options: FaceOptions) -> KrakenFutures:
    del options
    return KrakenFutures(simulator.venues["kraken_futures"], simulator.clock)
