"""The Binance spot adapter."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property, partial
from typing import Any

from exchanges.adapters.binance import wire
from exchanges.adapters.binance.client import Refusal, SpotClient
from exchanges.adapters.binance.errors import translate
from exchanges.base import (
    TIMEFRAMES,
    Balance,
    Candle,
    ExchangeCapabilities,
    Fill,
    Instrument,
    KeyPermissions,
    Order,
    OrderRequest,
    OrderType,
    Quote,
    Side,
)
from exchanges.calls import CallingExchange, Parsed, Refused
from exchanges.errors import ExchangeError

# https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints#klinecandlestick-data
CANDLES_PER_REQUEST = 1000

# Where a symbol takes no stop market orders, the stop's limit stands this far through its trigger price.
STOP_LIMIT_BPS = Decimal(100)


class BinanceExchange(CallingExchange):
    name = "BINANCE"
    title = "Binance"
    urls = {"live": "https://api.binance.com", "testnet": "https://testnet.binance.vision"}
    fee_rate = Decimal("0.001")  # https://www.binance.com/en/fee/trading, regular user
    credential_help = (
        "Binance: Account, API Management, create a system-generated (HMAC) key. Allow reading and spot trading; "
        "leave withdrawals and internal transfer off. Testnet keys: https://testnet.binance.vision."
    )

    @property
    def capabilities(self) -> ExchangeCapabilities:
        return ExchangeCapabilities(
            spot_trading=True,
            stop_loss_orders=True,
            take_profit_orders=True,
            order_types=tuple(kind for kind in OrderType if kind is not OrderType.TRAILING_STOP),
            testnet=True,
        )

    # --- public
    def test_connectivity(self) -> bool:
        if self.api_key:
            self.get_balances()
        else:
            self.call("test_connectivity", self._client.ping, bool)
        return True

    def get_server_time(self) -> datetime:
        measured = self.call("get_server_time", self._client.get_server_time, wire.server_time)
        # Compared after the reply: rather a little behind (up to recvWindow is accepted) than ahead (1 s is).
        self._client.timestamp_offset = measured - int(time.time() * 1000)
        self._clock_is_measured = True
        return wire.moment(measured)

    def get_instruments(self) -> list[Instrument]:
        return self.call("get_instruments", self._client.get_exchange_info, wire.instruments)

    def get_candles(
        self, symbol: str, timeframe: str, *, limit: int = 200, since: datetime | None = None
    ) -> list[Candle]:
        if timeframe not in self.capabilities.timeframes:
            raise self.not_supported(f"{timeframe} candles")
        now = self._venue_milliseconds()
        query: dict[str, Any] = {"symbol": self.instrument(symbol).venue_symbol, "interval": timeframe}
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
        return self.call("get_candles", self._client.get_klines, wire.candles, **query)

    def get_current_price(self, symbol: str) -> Decimal:
        return self.call(
            "get_current_price", self._client.get_symbol_ticker, wire.price, symbol=self._venue_symbol(symbol)
        )

    def get_quote(self, symbol: str) -> Quote:
        return self.call("get_quote", self._client.get_orderbook_ticker, wire.quote, symbol=self._venue_symbol(symbol))

    # --- private
    def get_balances(self) -> dict[str, Balance]:
        return self._signed("get_balances", self._client.get_account, wire.balances)

    def submit_order(self, request: OrderRequest) -> Order:
        instrument = self.instrument(request.symbol)
        self.require_valid(request, instrument)
        return self._signed(
            "submit_order",
            self._client.create_order,
            partial(wire.order, symbol=request.symbol),
            is_order=True,
            **wire.order_parameters(request, instrument.venue_symbol),
        )

    def cancel_order(self, symbol: str, client_order_id: str) -> Order:
        return self._signed(
            "cancel_order",
            self._client.cancel_order,
            partial(wire.order, symbol=symbol),
            is_order=True,
            symbol=self._venue_symbol(symbol),
            origClientOrderId=client_order_id,
        )

    def get_order(self, symbol: str, client_order_id: str) -> Order:
        return self._signed(
            "get_order",
            self._client.get_order,
            partial(wire.order, symbol=symbol),
            symbol=self._venue_symbol(symbol),
            origClientOrderId=client_order_id,
        )

    def get_open_orders(self, symbol: str | None = None) -> list[Order]:
        if symbol is not None:
            return self._signed(
                "get_open_orders",
                self._client.get_open_orders,
                partial(wire.orders, symbol_of=lambda _: symbol),
                symbol=self._venue_symbol(symbol),
            )
        return self._signed(
            "get_open_orders", self._client.get_open_orders, partial(wire.orders, symbol_of=self._our_symbol)
        )

    def get_fills(self, symbol: str, *, exchange_order_id: str) -> list[Fill]:
        return self._signed(
            "get_fills",
            self._client.get_my_trades,
            partial(wire.fills, symbol=symbol),
            symbol=self._venue_symbol(symbol),
            orderId=exchange_order_id,
        )

    def get_key_permissions(self) -> KeyPermissions:
        if self.testnet:
            return KeyPermissions()  # the test network has no /sapi, and the live one is not asked about its keys
        return self._signed("get_key_permissions", self._client.get_account_api_permissions, wire.permissions)

    def create_stop_loss_order(
        self,
        symbol: str,
        side: Side,
        quantity: Decimal,
        stop_price: Decimal,
        *,
        client_order_id: str,
        limit_price: Decimal | None = None,
        reduce_only: bool = True,
    ) -> Order:
        limit_price = limit_price or self._limit_instead_of(OrderType.STOP_LOSS, symbol, side, stop_price)
        return super().create_stop_loss_order(
            symbol,
            side,
            quantity,
            stop_price,
            client_order_id=client_order_id,
            limit_price=limit_price,
            reduce_only=reduce_only,
        )

    def create_take_profit_order(
        self,
        symbol: str,
        side: Side,
        quantity: Decimal,
        stop_price: Decimal,
        *,
        client_order_id: str,
        limit_price: Decimal | None = None,
        reduce_only: bool = True,
    ) -> Order:
        limit_price = limit_price or self._limit_instead_of(OrderType.TAKE_PROFIT, symbol, side, stop_price)
        return super().create_take_profit_order(
            symbol,
            side,
            quantity,
            stop_price,
            client_order_id=client_order_id,
            limit_price=limit_price,
            reduce_only=reduce_only,
        )

    def _limit_instead_of(self, order_type: OrderType, symbol: str, side: Side, stop_price: Decimal) -> Decimal | None:
        """None if the symbol takes that order type, else a limit through the trigger price that will still fill."""
        instrument = self.instrument(symbol)
        if not instrument.order_types or order_type in instrument.order_types:
            return None
        away = stop_price * STOP_LIMIT_BPS / 10_000
        through = stop_price - away if side is Side.SELL else stop_price + away
        return instrument.round_price(through, Side(side))

    # --- every request goes this way
    @cached_property
    def _client(self) -> SpotClient:
        return SpotClient(self.api_key, self.api_secret, base_url=self.base_url, timeout_seconds=self.timeout_seconds)

    def close(self) -> None:
        client = self.__dict__.pop("_client", None)
        self.__dict__.pop("_clock_is_measured", None)
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
        return translate(refused, operation=operation, is_order=is_order)

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

    def _our_symbol(self, venue_symbol: str) -> str:
        for instrument in self._listed_instruments().values():
            if instrument.venue_symbol == venue_symbol:
                return instrument.symbol
        raise ValueError("a symbol that is not in the venue's own list")
