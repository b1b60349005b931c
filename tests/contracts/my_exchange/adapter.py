"""The adapter of an exchange that does not exist, written by following docs/add-an-exchange.md."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import requests

from exchange_factory import CallingExchange, ExchangeCapabilities, Refused, Unreadable
from exchanges.base import (
    TIMEFRAMES,
    Balance,
    Candle,
    Fill,
    Instrument,
    KeyPermissions,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Side,
)
from exchanges.errors import (
    AuthenticationError,
    ExchangeError,
    InsufficientFunds,
    InvalidOrder,
    OrderNotFound,
    OrderRejected,
    TransientExchangeError,
)
from exchanges.rate_limits import RateLimit, Scope

# What each of the venue's error codes means. One that is not here is uncertain.
CODES: dict[str, type[ExchangeError]] = {
    "bad_key": AuthenticationError,
    "bad_signature": AuthenticationError,
    "not_allowed": AuthenticationError,
    "stale": TransientExchangeError,
    "no_such_symbol": InvalidOrder,
    "invalid": InvalidOrder,
    "would_trigger": InvalidOrder,
    "no_money": InsufficientFunds,
    "closed": OrderRejected,
    "not_found": OrderNotFound,
}


class Refusal(Refused):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"HTTP {status}, {code}")
        self.status, self.code, self.message = status, code, message
        self.is_about_time = code == "stale"
        self.stop_seconds = 5.0 if status == 429 else 0.0


class MyExchangeAdapter(CallingExchange):
    title = "My Exchange"
    urls = {"live": "https://api.myexchange.example"}
    fee_rate = Decimal("0.001")
    credential_help = "My Exchange: Settings, API, New key. Tick read and trade, nothing else."
    rate_limits = (RateLimit("requests", Scope.KEY, capacity=600, window_seconds=60),)
    clock_ahead_seconds = 0.0

    @property
    def capabilities(self) -> ExchangeCapabilities:
        return ExchangeCapabilities(
            spot_trading=True,
            stop_loss_orders=True,
            timeframes=("1m", "5m", "1h"),
            order_types=(OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LOSS),
        )

    # --- public
    def test_connectivity(self) -> bool:
        if self.api_key:
            self.get_balances()
        else:
            self.get_server_time()
        return True

    def get_server_time(self) -> datetime:
        told = self._get("get_server_time", "/time", lambda reply: float(reply["ms"]) / 1000)
        self.clock_ahead_seconds = told - time.time()
        return datetime.fromtimestamp(told, UTC)

    def measure_clock(self) -> None:
        self.get_server_time()

    def get_instruments(self) -> list[Instrument]:
        return self._get("get_instruments", "/markets", lambda reply: [_instrument(row) for row in reply])

    def get_candles(
        self, symbol: str, timeframe: str, *, limit: int = 200, since: datetime | None = None
    ) -> list[Candle]:
        if timeframe not in self.capabilities.timeframes:
            raise self.not_supported(f"{timeframe} candles")
        step = TIMEFRAMES[timeframe]
        if since is None:
            now = self.get_server_time()
            epoch = datetime.fromtimestamp(0, UTC)
            since = epoch + (now - epoch) // step * step - step * limit
        query = {"from": int(since.timestamp() * 1000), "minutes": step // timedelta(minutes=1), "count": limit}
        path = f"/candles/{self.instrument(symbol).venue_symbol}"
        rows = self._get("get_candles", path, lambda reply: [_candle(row) for row in reply], **query)
        return rows[:limit]

    def get_current_price(self, symbol: str) -> Decimal:
        path = f"/price/{self.instrument(symbol).venue_symbol}"
        return self._get("get_current_price", path, lambda reply: Decimal(reply["last"]))

    # --- private
    def get_balances(self) -> dict[str, Balance]:
        def read(reply: Any) -> dict[str, Balance]:
            return {row["coin"]: Balance(row["coin"], Decimal(row["free"]), Decimal(row["held"])) for row in reply}

        return self._private("get_balances", "GET", "/balances", read)

    def submit_order(self, request: OrderRequest) -> Order:
        instrument = self.instrument(request.symbol)
        self.require_valid(request, instrument)
        body = {
            "id": request.client_order_id,
            "market": instrument.venue_symbol,
            "side": request.side.lower(),
            "size": f"{request.quantity:f}",
            "limit": None if request.limit_price is None else f"{request.limit_price:f}",
            "trigger": None if request.stop_price is None else f"{request.stop_price:f}",
        }
        return self._private("submit_order", "POST", "/orders", self._order, is_order=True, body=body)

    def cancel_order(self, symbol: str, client_order_id: str) -> Order:
        self.instrument(symbol)
        return self._private("cancel_order", "DELETE", f"/orders/{client_order_id}", self._order, is_order=True)

    def get_order(self, symbol: str, client_order_id: str) -> Order:
        self.instrument(symbol)
        return self._private("get_order", "GET", f"/orders/{client_order_id}", self._order)

    def get_open_orders(self, symbol: str | None = None) -> list[Order]:
        found: list[Order] = self._private(
            "get_open_orders", "GET", "/orders", lambda reply: [self._order(row) for row in reply]
        )
        return [order for order in found if symbol in (None, order.symbol)]

    def get_fills(self, symbol: str, *, exchange_order_id: str) -> list[Fill]:
        def read(reply: Any) -> list[Fill]:
            return [_fill(row, symbol, exchange_order_id) for row in reply]

        return self._private("get_fills", "GET", f"/fills/{exchange_order_id}", read)

    def get_key_permissions(self) -> KeyPermissions:
        def read(reply: Any) -> KeyPermissions:
            return KeyPermissions(reply["read"], reply["trade"], reply["withdraw"])

        return self._private("get_key_permissions", "GET", "/key", read)

    # --- the way to the venue
    def costs(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, float]:
        return {"requests": 1}

    def translate(self, refused: Refused, *, operation: str, is_order: bool) -> ExchangeError:
        if not isinstance(refused, Refusal):
            raise TypeError(refused)
        kind = CODES.get(refused.code)
        message = f"{self.title} says: {refused.message}"
        if refused.status >= 500 or refused.status == 429 or kind is None:
            return self.uncertain(message, operation=operation, is_order=is_order)
        return kind(message, exchange=self.name, operation=operation)

    def _get(self, operation: str, path: str, read: Any, **query: Any) -> Any:
        return self.call(operation, self._send, read, method="GET", path=path, query=query)

    def _private(
        self, operation: str, method: str, path: str, read: Any, *, is_order: bool = False, body: Any = None
    ) -> Any:
        self.require_key(operation)
        return self.call(operation, self._send, read, is_order=is_order, method=method, path=path, body=body, sign=True)

    def _send(self, *, method: str, path: str, query: Any = None, body: Any = None, sign: bool = False) -> Any:
        text = json.dumps(body) if body is not None else ""
        headers = {}
        if sign:
            stamp = str(int((time.time() + self.clock_ahead_seconds) * 1000))
            secret = self.api_secret.encode()
            signature = hmac.new(secret, f"{stamp}{method}{path}{text}".encode(), hashlib.sha256).hexdigest()
            headers = {"X-Key": self.api_key, "X-Time": stamp, "X-Signature": signature}
        reply = requests.request(
            method,
            f"{self.base_url}/my/v1{path}",
            params=query,
            data=text,
            headers=headers,
            timeout=self.timeout_seconds,
        )
        try:
            content = reply.json()
        except ValueError:
            content = None
        if reply.ok and content is not None:
            return content
        if reply.ok:
            raise Unreadable
        details = content if isinstance(content, dict) else {}
        raise Refusal(reply.status_code, str(details.get("error", "")), str(details.get("message", ""))[:200])

    def _order(self, row: Any) -> Order:
        filled = Decimal(row["filled"])
        return Order(
            client_order_id=row["id"],
            exchange_order_id=str(row["number"]),
            symbol=next(
                each.symbol for each in self._listed_instruments().values() if each.venue_symbol == row["market"]
            ),
            side=Side(row["side"].upper()),
            order_type=OrderType(row["type"]),
            status=OrderStatus(row["state"]),
            quantity=Decimal(row["size"]),
            filled_quantity=filled,
            average_price=Decimal(row["worth"]) / filled if filled else None,
            limit_price=Decimal(row["limit"]) if row["limit"] else None,
            stop_price=Decimal(row["trigger"]) if row["trigger"] else None,
        )


def _instrument(row: Any) -> Instrument:
    return Instrument(
        symbol=f"{row['coin']}/{row['money']}",
        venue_symbol=row["market"],
        base=row["coin"],
        quote=row["money"],
        tick_size=Decimal(row["tick"]),
        lot_step=Decimal(row["lot"]),
        min_quantity=Decimal(row["least"]),
        min_notional=Decimal(row["least_worth"]),
    )


def _candle(row: Any) -> Candle:
    return Candle(datetime.fromtimestamp(row[0] / 1000, UTC), *(Decimal(value) for value in row[1:]))


def _fill(row: Any, symbol: str, exchange_order_id: str) -> Fill:
    return Fill(
        fill_id=str(row["number"]),
        exchange_order_id=exchange_order_id,
        symbol=symbol,
        side=Side(row["side"].upper()),
        price=Decimal(row["price"]),
        quantity=Decimal(row["size"]),
        fee=Decimal(row["fee"]),
        fee_asset=row["fee_coin"],
        executed_at=datetime.fromtimestamp(row["ms"] / 1000, UTC),
    )
