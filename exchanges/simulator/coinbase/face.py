"""The face: whose turn it is, who is asking, then the endpoint."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from exchanges.base import VenueStatus
from exchanges.simulator.clock import SimulatedClock
from exchanges.simulator.coinbase import account, market_data, trading
from exchanges.simulator.coinbase.call import ApiError, Call
from exchanges.simulator.coinbase.limits import Buckets, Rate
from exchanges.simulator.coinbase.order_params import Rejected
from exchanges.simulator.coinbase.security import Unauthorized, find_key
from exchanges.simulator.http import FaceOptions, Reply, Request
from exchanges.simulator.records import Permission
from exchanges.simulator.simulator import Simulator
from exchanges.simulator.venue import Venue

# https://docs.cdp.coinbase.com/advanced-trade/docs/rest-api-rate-limits
RATES = {"private": Rate(30, 30), "public": Rate(10, 10)}
BROKERAGE = "/api/v3/brokerage"


@dataclass(frozen=True, slots=True)
class Endpoint:
    handler: Callable[[Call], Any]
    operation: str
    permission: Permission | None = Permission.READ  # None: public


PUBLIC, TRADE = None, Permission.TRADE
# By method and path; {} is one part of the path. The first that fits.
ENDPOINTS: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", f"{BROKERAGE}/time", Endpoint(market_data.server_time, "time", PUBLIC)),
    ("GET", f"{BROKERAGE}/market/products", Endpoint(market_data.list_products, "instruments", PUBLIC)),
    ("GET", f"{BROKERAGE}/market/products/{{}}", Endpoint(market_data.get_product, "price", PUBLIC)),
    ("GET", f"{BROKERAGE}/market/products/{{}}/candles", Endpoint(market_data.candles, "candles", PUBLIC)),
    ("GET", f"{BROKERAGE}/market/products/{{}}/ticker", Endpoint(market_data.trades, "price", PUBLIC)),
    ("GET", f"{BROKERAGE}/market/product_book", Endpoint(market_data.product_book, "price", PUBLIC)),
    ("GET", f"{BROKERAGE}/products", Endpoint(market_data.list_products, "instruments")),
    ("GET", f"{BROKERAGE}/products/{{}}", Endpoint(market_data.get_product, "price")),
    ("GET", f"{BROKERAGE}/products/{{}}/candles", Endpoint(market_data.candles, "candles")),
    ("GET", f"{BROKERAGE}/products/{{}}/ticker", Endpoint(market_data.trades, "price")),
    ("GET", f"{BROKERAGE}/product_book", Endpoint(market_data.product_book, "price")),
    ("GET", f"{BROKERAGE}/best_bid_ask", Endpoint(market_data.best_bid_ask, "price")),
    ("GET", f"{BROKERAGE}/accounts", Endpoint(account.list_accounts, "balances")),
    ("GET", f"{BROKERAGE}/accounts/{{}}", Endpoint(account.get_account, "balances")),
    ("GET", f"{BROKERAGE}/key_permissions", Endpoint(account.key_permissions, "permissions")),
    ("GET", f"{BROKERAGE}/transaction_summary", Endpoint(account.transaction_summary, "other")),
    ("GET", f"{BROKERAGE}/portfolios", Endpoint(account.list_portfolios, "other")),
    ("POST", f"{BROKERAGE}/orders", Endpoint(trading.create_order, "submit", TRADE)),
    ("POST", f"{BROKERAGE}/orders/preview", Endpoint(trading.preview_order, "other")),
    ("POST", f"{BROKERAGE}/orders/batch_cancel", Endpoint(trading.batch_cancel, "cancel", TRADE)),
    ("GET", f"{BROKERAGE}/orders/historical/batch", Endpoint(trading.list_orders, "get_order")),
    ("GET", f"{BROKERAGE}/orders/historical/fills", Endpoint(trading.list_fills, "fills")),
    ("GET", f"{BROKERAGE}/orders/historical/{{}}", Endpoint(trading.get_order, "get_order")),
    ("GET", "/v2/time", Endpoint(market_data.v2_time, "time", PUBLIC)),
    ("GET", "/v2/currencies", Endpoint(market_data.v2_currencies, "other", PUBLIC)),
    ("GET", "/v2/currencies/crypto", Endpoint(market_data.v2_crypto, "other", PUBLIC)),
    ("GET", "/v2/exchange-rates", Endpoint(market_data.v2_exchange_rates, "other", PUBLIC)),
    ("GET", "/v2/accounts", Endpoint(account.v2_accounts, "balances")),
)
PATTERNS = tuple(
    (method, re.compile(re.escape(path).replace(r"\{\}", "([^/]+)")), endpoint) for method, path, endpoint in ENDPOINTS
)


class CoinbaseAdvancedFace:
    name = "coinbase"
    prefixes: tuple[str, ...] = ("/api/", "/v2/")

    def __init__(self, venue: Venue, clock: SimulatedClock) -> None:
        self.venue = venue
        self.limits = Buckets(RATES)
        self._clock = clock

    def handle(self, request: Request) -> Reply:
        """`request` once: counted, checked, carried out. Errors are replies like others."""
        if self.venue.status is VenueStatus.MAINTENANCE:
            return _error(503, "UNAVAILABLE", "Service is unavailable")
        endpoint, rest = _find(request)
        if endpoint is None:
            return Reply(404, "404 page not found\n")
        call = Call(self.venue, request, rest)
        try:
            if endpoint.permission is PUBLIC:
                may_go = self.limits.take("public", request.address)
            else:
                call.key = find_key(self.venue, request, self._clock)
                may_go = self.limits.take("private", str(call.account.account_id))
            if not may_go:
                return self.error("too_many_requests")
            if call.key is not None and endpoint.permission not in call.key.permissions:
                return _error(403, "PERMISSION_DENIED", "Missing required scopes")
            return Reply(200, endpoint.handler(call))
        except Unauthorized:
            return Reply(401, "Unauthorized\n")
        except ApiError as error:
            return Reply(error.status, error.body)

    def operation(self, request: Request) -> str:
        endpoint, _ = _find(request)
        if endpoint is None:
            return "other"
        if endpoint.handler is trading.list_orders and "order_status=OPEN" in request.query:
            return "open_orders"
        return endpoint.operation

    def error(self, kind: str) -> Reply:
        match kind:
            case "too_many_requests":
                return Reply(429, {"errors": [{"id": "rate_limit_exceeded", "message": "Too many requests"}]})
            case "banned":
                return Reply(403, "<html><body><h1>403 Forbidden</h1></body></html>")
            case "market_suspended":
                refused = trading.failure(Rejected("TRADING_DISABLED", "Trading is disabled"))
                # of a cancel
                results = [{"success": False, "failure_reason": "NOT_ALLOWED_TO_CANCEL", "order_id": ""}]
                return Reply(200, refused | {"results": results})
            case "cancel_only":
                return Reply(200, trading.failure(Rejected("ORDER_ENTRY_DISABLED", "Order entry is disabled")))
        return _error(500, "INTERNAL", "Something went wrong")


def make_face(simulator: Simulator, options: FaceOptions) -> CoinbaseAdvancedFace:
    del options
    return CoinbaseAdvancedFace(simulator.venues["coinbase"], simulator.clock)


def _find(request: Request) -> tuple[Endpoint | None, str]:
    """With what stands in its path for {}."""
    for method, pattern, endpoint in PATTERNS:
        if method == request.method and (found := pattern.fullmatch(request.path)):
            return endpoint, "".join(found.groups())
    return None, ""


def _error(status: int, code: str, message: str) -> Reply:
    return Reply(status, {"error": code, "error_details": message, "message": message})
