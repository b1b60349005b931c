"""The face: whose turn it is, who is asking, then the endpoint."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from exchanges.base import VenueStatus
from exchanges.simulator.clock import SimulatedClock
from exchanges.simulator.coinbase.limits import Buckets, Rate
from exchanges.simulator.coinbase_exchange import market_data, trading
from exchanges.simulator.coinbase_exchange.call import ApiError, Call
from exchanges.simulator.coinbase_exchange.security import find_key
from exchanges.simulator.http import FaceOptions, Reply, Request
from exchanges.simulator.records import Permission
from exchanges.simulator.simulator import Simulator
from exchanges.simulator.venue import Venue

# https://docs.cdp.coinbase.com/exchange/rest-api/rate-limits
RATES = {"public": Rate(15, 10), "private": Rate(30, 15), "fills": Rate(20, 10)}


@dataclass(frozen=True, slots=True)
class Endpoint:
    handler: Callable[[Call], Any]
    operation: str
    permission: Permission | None = Permission.READ  # None: public
    limit: str = "private"


PUBLIC, TRADE = None, Permission.TRADE
# By method and path; {} is one part of the path. The first that fits.
ENDPOINTS: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/time", Endpoint(market_data.server_time, "time", PUBLIC)),
    ("GET", "/products", Endpoint(market_data.list_products, "instruments", PUBLIC)),
    ("GET", "/products/{}", Endpoint(market_data.get_product, "instruments", PUBLIC)),
    ("GET", "/products/{}/book", Endpoint(market_data.book, "price", PUBLIC)),
    ("GET", "/products/{}/ticker", Endpoint(market_data.ticker, "price", PUBLIC)),
    ("GET", "/products/{}/stats", Endpoint(market_data.stats, "price", PUBLIC)),
    ("GET", "/products/{}/trades", Endpoint(market_data.trades, "price", PUBLIC)),
    ("GET", "/products/{}/candles", Endpoint(market_data.candles, "candles", PUBLIC)),
    ("GET", "/currencies", Endpoint(market_data.currencies, "other", PUBLIC)),
    ("GET", "/currencies/{}", Endpoint(market_data.get_currency, "other", PUBLIC)),
    ("GET", "/accounts/?", Endpoint(trading.list_accounts, "balances")),  # cbpro asks with a stroke at the end
    ("GET", "/accounts/{}", Endpoint(trading.get_account, "balances")),
    ("GET", "/fees", Endpoint(trading.fees, "other")),
    ("POST", "/orders", Endpoint(trading.create_order, "submit", TRADE)),
    ("GET", "/orders", Endpoint(trading.list_orders, "open_orders")),
    ("DELETE", "/orders", Endpoint(trading.delete_orders, "cancel", TRADE)),
    ("GET", "/orders/{}", Endpoint(trading.get_order, "get_order")),
    ("DELETE", "/orders/{}", Endpoint(trading.delete_order, "cancel", TRADE)),
    ("GET", "/fills", Endpoint(trading.list_fills, "fills", limit="fills")),
)
PATTERNS = tuple((method, re.compile(path.replace("{}", "([^/]+)")), endpoint) for method, path, endpoint in ENDPOINTS)


class CoinbaseExchangeFace:
    name = "coinbase_exchange"
    prefixes: tuple[str, ...] = ("/",)

    def __init__(self, venue: Venue, clock: SimulatedClock) -> None:
        self.venue = venue
        self.limits = Buckets(RATES)
        self._clock = clock

    def handle(self, request: Request) -> Reply:
        """`request` once: counted, checked, carried out. Errors are replies like others."""
        if self.venue.status is VenueStatus.MAINTENANCE:
            return _error(503, "Service is under maintenance")
        endpoint, rest = _find(request)
        if endpoint is None:
            return _error(404, "NotFound")
        call = Call(self.venue, request, rest)
        try:
            if endpoint.permission is PUBLIC:
                if not self.limits.take("public", request.address):
                    return _error(429, "Public rate limit exceeded")
            else:
                call.key = find_key(self.venue, request, self._clock)
                if not self.limits.take(endpoint.limit, str(call.account.account_id)):
                    return self.error("too_many_requests")
                if endpoint.permission not in call.key.permissions:
                    return _error(403, "Forbidden")
            return Reply(200, endpoint.handler(call), call.headers)
        except ApiError as error:
            return _error(error.status, error.message)

    def operation(self, request: Request) -> str:
        endpoint, _ = _find(request)
        return endpoint.operation if endpoint else "other"

    def error(self, kind: str) -> Reply:
        match kind:
            case "too_many_requests":
                return _error(429, "Private rate limit exceeded")
            case "banned":
                return Reply(403, "<html><body><h1>403 Forbidden</h1></body></html>")
            case "market_suspended":
                return _error(400, "Trading is disabled")
            case "cancel_only":
                return _error(400, "Cancel only mode")
        return _error(500, "Internal server error")


def make_face(simulator: Simulator, options: FaceOptions) -> CoinbaseExchangeFace:
    del options
    return CoinbaseExchangeFace(simulator.venues["coinbase_exchange"], simulator.clock)


def _find(request: Request) -> tuple[Endpoint | None, str]:
    """With what stands in its path for {}."""
    for method, pattern, endpoint in PATTERNS:
        if method == request.method and (found := pattern.fullmatch(request.path)):
            return endpoint, "".join(found.groups())
    return None, ""


def _error(status: int, message: str) -> Reply:
    return Reply(status, {"message": message})
