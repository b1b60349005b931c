"""What the adapters of all Binance accounts share: the client, the clock, candles, symbols, permissions, limits."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property, partial
from typing import Any

from exchanges.adapters.binance import limits, wire
from exchanges.adapters.binance.client import BinanceClient, Refusal
from exchanges.adapters.binance.errors import translate
from exchanges.base import TIMEFRAMES, Candle, KeyPermissions, Quote, VenueStatus
from exchanges.calls import CallingExchange, Parsed, Refused
from exchanges.errors import ExchangeError

# https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints#klinecandlestick-data
# Futures would give 1500, at twice the weight.
CANDLES_PER_REQUEST = 1000


class BinanceAccount(CallingExchange):
    """Without orders: those are each account type's own."""

    name = "BINANCE"
    title = "Binance"
    urls = {
        "live": "https://api.binance.com",
        "testnet": "https://testnet.binance.vision",
        "live futures": "https://fapi.binance.com",
        "testnet futures": "https://demo-fapi.binance.com",
    }
    credential_help = (
        "Binance: Account, API Management, create a system-generated (HMAC) key. Allow reading, and what you trade:"
        " spot and margin trading; margin loan, repay and transfer for a margin account; futures. Leave withdrawals,"
        " internal transfer and universal transfer off. Test keys: https://testnet.binance.vision for spot,"
        " https://demo.binance.com for futures."
    )

    # --- public
    def get_server_time(self) -> datetime:
        measured = self.call("get_server_time", self._endpoints["time"], wire.server_time)
        # Compared after the reply: rather a little behind (up to recvWindow is accepted) than ahead (1 s is).
        self._client.timestamp_offset = measured - int(time.time() * 1000)
        self._clock_is_measured = True
        return wire.moment(measured)

    def get_status(self) -> VenueStatus:
        """Of the whole of Binance, as its wallet tells it; the test networks have no /sapi to ask."""
        if self.testnet:
            return super().get_status()
        return self.call("get_status", self._client.get_system_status, wire.status)

    def get_candles(
        self, symbol: str, timeframe: str, *, limit: int = 200, since: datetime | None = None
    ) -> list[Candle]:
        if timeframe not in self.capabilities.timeframes:
            raise self.not_supported(f"{timeframe} candles")
        now = self._venue_milliseconds()
        query: dict[str, Any] = {"symbol": self._venue_symbol(symbol), "interval": timeframe}
        step = TIMEFRAMES[timeframe]
        if since is None and limit >= CANDLES_PER_REQUEST:
            step_milliseconds = step // timedelta(milliseconds=1)
            since = wire.moment(now // step_milliseconds * step_milliseconds) - step * limit
        if since is None:
            rows = self._candle_page(query | {"limit": limit + 1})  # one more: the last is still open
            return [candle for candle, closes in rows if closes < now][-limit:]
        found: list[Candle] = []
        while len(found) < limit:
            size = min(limit - len(found) + 1, CANDLES_PER_REQUEST)
            page = self._candle_page(query | {"startTime": wire.milliseconds(since), "limit": size})
            found += [candle for candle, closes in page if closes < now]
            if len(page) < size:
                break
            since = page[-1][0].open_time + step
        return found[:limit]

    def _candle_page(self, query: dict[str, Any]) -> list[tuple[Candle, int]]:
        return self.call("get_candles", self._endpoints["klines"], wire.candles, **query)

    def get_current_price(self, symbol: str) -> Decimal:
        return self.call("get_current_price", self._endpoints["price"], wire.price, symbol=self._venue_symbol(symbol))

    def get_quote(self, symbol: str) -> Quote:
        return self.call("get_quote", self._endpoints["quote"], wire.quote, symbol=self._venue_symbol(symbol))

    # --- private
    def get_key_permissions(self) -> KeyPermissions:
        if self.testnet:
            return KeyPermissions()  # the test networks have no /sapi, and the live one is not asked about their keys
        return self._signed(
            "get_key_permissions",
            self._client.get_account_api_permissions,
            partial(wire.permissions, market_type=self.market_type),
        )

    # --- every request goes this way
    @cached_property
    def _client(self) -> BinanceClient:
        return BinanceClient(
            self.api_key,
            self.api_secret,
            base_url=self.base_url,
            wallet_url=self._wallet_url(),
            timeout_seconds=self.timeout_seconds,
        )

    @cached_property
    def _endpoints(self) -> dict[str, Callable[..., Any]]:
        """The library's methods for what every account type has, each at an address of its own."""
        client = self._client
        return {
            "ping": client.ping,
            "time": client.get_server_time,
            "klines": client.get_klines,
            "price": client.get_symbol_ticker,
            "quote": client.get_orderbook_ticker,
        }

    def _wallet_url(self) -> str:
        """Where /sapi is: with spot and margin, unless a deployment has all of Binance at a URL of its own."""
        is_ours = self.base_url == self.default_url(self.network, self.market_type)
        return self.urls[self.network] if is_ours else self.base_url

    @property
    def last_headers(self) -> Mapping[str, str]:
        """Of the venue's last reply: what of its limits is used up, among others."""
        return self._client.last_headers

    def close(self) -> None:
        for name in ("_endpoints", "_clock_is_measured"):
            self.__dict__.pop(name, None)
        client = self.__dict__.pop("_client", None)
        if client is not None:
            client.close()

    def _signed(
        self,
        operation: str,
        send: Callable[..., Any],
        parse: Callable[[Any], Parsed],
        *,
        is_order: bool = False,
        **parameters: Any,
    ) -> Parsed:
        """A request with the key, timed by the venue's clock."""
        self.require_key(operation)
        self._venue_milliseconds()
        return self.call(operation, send, parse, is_order=is_order, **parameters)

    def translate(self, refused: Refused, *, operation: str, is_order: bool) -> ExchangeError:
        if not isinstance(refused, Refusal):
            raise TypeError(refused)
        return translate(refused, operation=operation, is_order=is_order, market_type=self.market_type)

    def costs(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, float]:
        return limits.costs(self.market_type, operation, parameters)

    def told_usage(self) -> Mapping[str, float]:
        return limits.told_usage(self.market_type, self.last_headers)

    # --- the venue's clock
    def _venue_milliseconds(self) -> int:
        """The venue's time now, by a clock that is compared with the venue's at the first need."""
        if "_clock_is_measured" not in self.__dict__:
            self.measure_clock()
        return int(time.time() * 1000 + self._client.timestamp_offset)

    def measure_clock(self) -> None:
        self.get_server_time()

    # --- symbols
    def _venue_symbol(self, symbol: str) -> str:
        return self.instrument(symbol).venue_symbol

    def _asked_for(self, symbol: str | None) -> dict[str, Any]:
        return {} if symbol is None else {"symbol": self._venue_symbol(symbol)}

    def _symbols(self, symbol: str | None = None) -> dict[str, str]:
        """Ours by the venue's: that one, or all."""
        if symbol is not None:
            return {self._venue_symbol(symbol): symbol}
        return {listed.venue_symbol: listed.symbol for listed in self._listed_instruments().values()}
