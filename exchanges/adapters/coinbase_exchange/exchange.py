"""The Coinbase Exchange adapter: spot at the API that was Coinbase Pro's."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property, partial
from typing import Any

from exchanges.adapters.coinbase_exchange import wire
from exchanges.adapters.coinbase_exchange.client import ExchangeClient, Refusal
from exchanges.adapters.coinbase_exchange.errors import translate
from exchanges.adapters.coinbase_exchange.limits import COSTS, RATE_LIMITS
from exchanges.base import (
    TIMEFRAMES,
    Balance,
    Candle,
    ExchangeCapabilities,
    Fill,
    Instrument,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Quote,
    Side,
)
from exchanges.calls import CallingExchange, Parsed, Refused
from exchanges.candle_series import closed_candles
from exchanges.errors import AuthenticationError, ExchangeError, InvalidOrder, OrderNotFound

# https://docs.cdp.coinbase.com/api-reference/exchange-api/rest-api/products/get-product-candles
CANDLES_PER_REQUEST = 300

# There are no stop market orders: the stop's limit stands this far through its trigger price.
STOP_LIMIT_BPS = Decimal(500)

# What an order did shows a moment later than that it was taken. Seconds before each look.
SETTLING_PAUSES = (0.0, 0.2, 0.4, 0.8)


class CoinbaseExchange(CallingExchange):
    name = "COINBASE_EXCHANGE"
    title = "Coinbase Exchange"
    urls = {
        "live": "https://api.exchange.coinbase.com",
        "testnet": "https://api-public.sandbox.exchange.coinbase.com",
    }
    fee_rate = Decimal("0.006")  # https://help.coinbase.com/en/exchange/trading-and-funding/exchange-fees, first tier
    credential_help = (
        "Coinbase Exchange: exchange.coinbase.com, Settings, API, new key. Allow View and Trade only: the venue does "
        "not tell what a key may do, so nobody can check for you that Transfer is off. Key, secret and passphrase are "
        "shown once. Sandbox keys: public.sandbox.exchange.coinbase.com."
    )
    needs_passphrase = True
    forgets_unfilled_orders = True  # canceled without a fill, an order is not found any more
    rate_limits = RATE_LIMITS

    @property
    def capabilities(self) -> ExchangeCapabilities:
        return ExchangeCapabilities(
            spot_trading=True,
            stop_loss_orders=True,
            post_only_orders=True,
            order_types=(OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT),
            testnet=True,
        )

    # --- public
    def test_connectivity(self) -> bool:
        if self.api_key:
            self.get_balances()
        else:
            self.call("test_connectivity", self._client.get_time, wire.server_time)
        return True

    def get_server_time(self) -> datetime:
        told = self.call("get_server_time", self._client.get_time, wire.server_time)
        self._clock_ahead = told - datetime.now(UTC)
        return told

    def get_instruments(self) -> list[Instrument]:
        return self.call("get_instruments", self._client.get_products, wire.instruments)

    def get_candles(
        self, symbol: str, timeframe: str, *, limit: int = 200, since: datetime | None = None
    ) -> list[Candle]:
        if timeframe not in self.capabilities.timeframes:
            raise self.not_supported(f"{timeframe} candles")
        product_id = self.instrument(symbol).venue_symbol
        is_joined = timeframe not in wire.GRANULARITIES  # 4h, which the venue does not have
        granularity = wire.GRANULARITIES["1h" if is_joined else timeframe]

        def fetch(first: datetime, last: datetime) -> list[Candle]:
            return self.call(
                "get_candles",
                self._client.get_product_historic_rates,
                wire.candles,
                product_id=product_id,
                start=wire.iso(first),
                end=wire.iso(last),
                granularity=granularity,
            )

        return closed_candles(
            fetch,
            step=TIMEFRAMES[timeframe],
            now=self._venue_now(),
            limit=limit,
            since=since,
            per_request=CANDLES_PER_REQUEST,
            parts=4 if is_joined else 1,
        )

    def get_current_price(self, symbol: str) -> Decimal:
        product_id = self.instrument(symbol).venue_symbol
        return self.call("get_current_price", self._client.get_product_ticker, wire.price, product_id=product_id)

    def get_quote(self, symbol: str) -> Quote:
        product_id = self.instrument(symbol).venue_symbol
        return self.call("get_quote", self._client.get_product_order_book, wire.quote, product_id=product_id, level=1)

    # --- private. What a key may do, no endpoint tells: get_key_permissions stays the one that knows nothing.
    def get_balances(self) -> dict[str, Balance]:
        return self._signed("get_balances", self._client.get_accounts, wire.balances)

    def submit_order(self, request: OrderRequest) -> Order:
        instrument = self.instrument(request.symbol)
        self.require_valid(request, instrument)
        self._client_oid(request.client_order_id)
        taken = self._signed(
            "submit_order",
            self._client.place_order,
            partial(wire.accepted, symbol=request.symbol),
            is_order=True,
            product_id=instrument.venue_symbol,
            **wire.order_parameters(request),
        )
        taken = replace(taken, client_order_id=request.client_order_id)
        return self._settled(taken, until_final=request.order_type is OrderType.MARKET)

    def cancel_order(self, symbol: str, client_order_id: str) -> Order:
        self.instrument(symbol)
        found = self._look_up("cancel_order", symbol, f"client:{self._client_oid(client_order_id)}")
        if found.status.is_final:
            raise OrderNotFound("Nothing of that order is open.", exchange=self.name, operation="cancel_order")
        found = replace(found, client_order_id=client_order_id)
        self._signed(
            "cancel_order", self._client.cancel_order, _anything, is_order=True, order_id=found.exchange_order_id
        )
        ended = self._settled(found, until_final=True, when_gone=OrderStatus.CANCELED)
        if ended.status is OrderStatus.CANCELED:
            self._canceled[client_order_id] = ended
        return ended

    def get_order(self, symbol: str, client_order_id: str) -> Order:
        """OrderNotFound, too, of an order that was canceled before anything of it filled; but not where we did it."""
        self.instrument(symbol)
        try:
            found = self._look_up("get_order", symbol, f"client:{self._client_oid(client_order_id)}")
        except OrderNotFound:
            if client_order_id in self._canceled:
                return self._canceled[client_order_id]
            raise
        return replace(found, client_order_id=client_order_id)

    def get_open_orders(self, symbol: str | None = None) -> list[Order]:
        filters: dict[str, Any] = {} if symbol is None else {"product_id": self.instrument(symbol).venue_symbol}
        rows = self._signed("get_open_orders", self._client.get_orders, list, **filters)
        return [wire.order(row, symbol or self._our_symbol(row["product_id"])) for row in rows]

    def get_fills(self, symbol: str, *, exchange_order_id: str) -> list[Fill]:
        self.instrument(symbol)
        return self._signed(
            "get_fills", self._client.get_fills, partial(wire.fills, symbol=symbol), order_id=exchange_order_id
        )

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
        if limit_price is None:
            away = stop_price * STOP_LIMIT_BPS / 10_000
            through = stop_price - away if side is Side.SELL else stop_price + away
            limit_price = self.instrument(symbol).round_price(through, Side(side))
        return super().create_stop_loss_order(
            symbol,
            side,
            quantity,
            stop_price,
            client_order_id=client_order_id,
            limit_price=limit_price,
            reduce_only=reduce_only,
        )

    # --- how an order goes
    def _look_up(self, operation: str, symbol: str, order_id: str) -> Order:
        return self._signed(operation, self._client.get_order, partial(wire.order, symbol=symbol), order_id=order_id)

    def _settled(self, known: Order, *, until_final: bool, when_gone: OrderStatus | None = None) -> Order:
        """What became of an order that the venue has accepted; as it was known, where that cannot be read just now.

        `when_gone`: what it means that the venue does not know it any more.
        """
        for pause in SETTLING_PAUSES:
            time.sleep(pause)
            try:
                found = self._look_up("get_order", known.symbol, known.exchange_order_id)
            except OrderNotFound:
                if when_gone is not None:
                    return replace(known, status=when_gone)
                continue  # not shown yet
            except ExchangeError:
                break
            known = replace(found, client_order_id=known.client_order_id)
            if known.status.is_final or not until_final:
                break
        return known

    def _client_oid(self, client_order_id: str) -> str:
        try:
            return wire.client_oid(client_order_id)
        except ValueError:
            raise InvalidOrder("Coinbase Exchange wants client order ids of 32 hex characters.") from None

    # --- every request goes this way
    @cached_property
    def _client(self) -> ExchangeClient:
        return ExchangeClient(
            self.api_key,
            self.api_secret,
            self.passphrase,
            base_url=self.base_url,
            timeout_seconds=self.timeout_seconds,
            ca_file=self.ca_file,
        )

    @cached_property
    def _canceled(self) -> dict[str, Order]:
        """By client order id, what this instance canceled itself: the venue may have forgotten it."""
        return {}

    def close(self) -> None:
        client = self.__dict__.pop("_client", None)
        if client is not None:
            client.close()

    def require_key(self, operation: str) -> None:
        super().require_key(operation)
        if not self.passphrase:
            raise AuthenticationError("This needs the API key's passphrase.", exchange=self.name, operation=operation)

    def _signed(
        self,
        operation: str,
        send: Callable[..., Any],
        parse: Callable[[Any], Parsed],
        *,
        is_order: bool = False,
        **parameters: Any,
    ) -> Parsed:
        self.require_key(operation)
        return self.call(operation, send, parse, is_order=is_order, **parameters)

    def translate(self, refused: Refused, *, operation: str, is_order: bool) -> ExchangeError:
        if not isinstance(refused, Refusal):
            raise TypeError(refused)
        return translate(refused, operation=operation, is_order=is_order)

    def costs(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, float]:
        return COSTS[operation]

    # --- the venue's clock
    def _venue_now(self) -> datetime:
        """By a clock that is compared with the venue's at the first need."""
        if "_clock_ahead" not in self.__dict__:
            self.get_server_time()
        return datetime.now(UTC) + self._clock_ahead

    _clock_ahead: timedelta

    def measure_clock(self) -> None:
        """After a request was refused for its timestamp: from now on they are the venue's."""
        self.get_server_time()
        self._client.signature.clock_ahead_seconds = self._clock_ahead.total_seconds()

    # --- symbols
    def _our_symbol(self, product_id: str) -> str:
        for instrument in self._listed_instruments().values():
            if instrument.venue_symbol == product_id:
                return instrument.symbol
        raise ValueError("a product that is not in the venue's own list")


def _anything(reply: Any) -> None:
    """A canceled order's reply is its id, and only that it came matters."""
    del reply
