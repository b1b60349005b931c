"""A stand-in for Binance that answers what a test scripts, and a venue in memory."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from exchanges import base
from exchanges.adapters.binance import BinanceExchange
from exchanges.base import BaseExchange, Candle, ExchangeCapabilities, Instrument, OrderType, Quote
from exchanges.errors import TransientExchangeError
from exchanges.factory import ExchangeFactory

API_KEY = "key-that-nobody-may-see-0123456789"
API_SECRET = "secret-that-nobody-may-see-9876543210"

BTC_USDT = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"],
    "isSpotTradingAllowed": True,
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000.00", "tickSize": "0.01000000"},
        {"filterType": "LOT_SIZE", "minQty": "0.00001000", "maxQty": "9000.00000000", "stepSize": "0.00001000"},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0", "maxQty": "98.50000000", "stepSize": "0.00000000"},
        {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True},
    ],
}
Reply = tuple[int, Any] | tuple[int, Any, dict[str, str]] | str


class StandIn:
    """`replies["GET /api/v3/order"]` is a list of (status, body[, headers]), "hang" or "reset", used up in order."""

    url = ""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.reset()

    def reset(self) -> None:
        self.replies: dict[str, list[Reply]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.clock_ahead_ms = 0

    def answer(self, request: str, *replies: Reply) -> None:
        self.replies[request] = list(replies)

    def count(self, request: str) -> int:
        return sum(1 for seen, _ in self.requests if seen == request)

    def next_reply(self, request: str) -> Reply:
        if self.replies.get(request):
            return self.replies[request].pop(0)
        if request == "GET /api/v3/time":
            return 200, {"serverTime": int(time.time() * 1000) + self.clock_ahead_ms}
        if request == "GET /api/v3/exchangeInfo":
            return 200, {"symbols": [BTC_USDT]}
        return 404, {"code": -1, "msg": "the test has no reply for this"}


class _Handler(BaseHTTPRequestHandler):
    def _serve(self) -> None:
        stand_in: StandIn = self.server.stand_in  # type: ignore[attr-defined]
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        request = f"{self.command} {url.path}"
        stand_in.requests.append((request, dict(parse_qsl(url.query) + parse_qsl(body))))
        reply = stand_in.next_reply(request)
        if reply == "hang":
            stand_in.released.wait(5)
        if isinstance(reply, str):
            self.close_connection = True
            return
        status, content, headers = (*reply, {})[:3]
        data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_DELETE = _serve

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture(scope="session")
def _stand_in_server() -> Iterator[StandIn]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    stand_in = StandIn()
    stand_in.url = f"http://127.0.0.1:{server.server_port}"
    server.stand_in = stand_in  # type: ignore[attr-defined]
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    yield stand_in
    stand_in.released.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def stand_in(_stand_in_server: StandIn, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    # Whom the stand-in tells to stop would stop for all later tests too.
    monkeypatch.setattr(ExchangeFactory, "make_budget", None)
    _stand_in_server.reset()
    base._instrument_lists.clear()
    return _stand_in_server


@pytest.fixture
def binance(stand_in: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[BinanceExchange]:
    """A Binance adapter that talks to the stand-in and does not sleep between tries."""
    monkeypatch.setattr("exchanges.calls.time.sleep", lambda seconds: None)
    with BinanceExchange(API_KEY, API_SECRET, False, base_url=stand_in.url, timeout_seconds=5) as exchange:
        yield exchange


MINUTE = timedelta(minutes=1)
START = datetime(2026, 1, 5, 12, 0, 30, tzinfo=UTC)


class MemoryVenue(BaseExchange):
    """A venue whose clock, price and candles a test sets. Public data only, as paper trading needs."""

    title = "Memory"
    clock = START
    bid = Decimal("99.99")
    ask = Decimal("100.01")
    size = Decimal(10)
    candles: list[Candle] = []
    requests: list[str] = []
    is_down = False
    instruments = [
        Instrument(
            "BTC/USDT",
            "BTCUSDT",
            "BTC",
            "USDT",
            tick_size=Decimal("0.01"),
            lot_step=Decimal("0.00001"),
            min_quantity=Decimal("0.00001"),
            min_notional=Decimal(5),
        )
    ]

    @classmethod
    def set_price(cls, price: str) -> None:
        cls.bid, cls.ask = Decimal(price) - Decimal("0.01"), Decimal(price) + Decimal("0.01")

    @classmethod
    def add_candle(cls, *prices: str, volume: str = "100") -> None:
        """The next minute: open, high, low, close. The clock moves to its end."""
        opens = cls.clock.replace(second=0)
        cls.candles = [*cls.candles, Candle(opens, *(Decimal(figure) for figure in (*prices, volume)))]
        cls.clock = opens + MINUTE
        cls.set_price(prices[-1])

    def _record(self, request: str) -> None:
        type(self).requests.append(request)
        if self.is_down:
            raise TransientExchangeError("The venue is down.", exchange=self.name, retry_after=5)

    @property
    def capabilities(self) -> ExchangeCapabilities:
        return ExchangeCapabilities(
            spot_trading=True, stop_loss_orders=True, take_profit_orders=True, order_types=tuple(OrderType)
        )

    def test_connectivity(self) -> bool:
        self._record("connectivity")
        return True

    def get_server_time(self) -> datetime:
        return self.clock

    def get_instruments(self) -> list[Instrument]:
        self._record("instruments")
        return self.instruments

    def get_candles(
        self, symbol: str, timeframe: str, *, limit: int = 200, since: datetime | None = None
    ) -> list[Candle]:
        self._record("candles")
        closed = [candle for candle in self.candles if candle.open_time + base.TIMEFRAMES[timeframe] <= self.clock]
        if since is None:
            return closed[-limit:]
        return [candle for candle in closed if candle.open_time >= since][:limit]

    def get_current_price(self, symbol: str) -> Decimal:
        self._record("price")
        return (self.bid + self.ask) / 2

    def get_quote(self, symbol: str) -> Quote:
        self._record("quote")
        return Quote(self.bid, self.ask, self.size, self.size)


@pytest.fixture
def venue() -> Iterator[type[MemoryVenue]]:
    """The memory venue, fresh and registered as MEMORY."""

    class Fresh(MemoryVenue):
        requests: list[str] = []

    base._instrument_lists.clear()
    ExchangeFactory.register_exchange("MEMORY", Fresh)
    yield Fresh
    ExchangeFactory.unregister_exchange("MEMORY")
