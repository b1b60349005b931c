"""The Coinbase adapter: spot on Advanced Trade."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from exchanges.adapters.coinbase import wire
from exchanges.adapters.coinbase.client import AdvancedClient, Refusal
from exchanges.adapters.coinbase.errors import translate
from exchanges.adapters.coinbase.limits import COSTS, RATE_LIMITS
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
    OrderStatus,
    OrderType,
    Quote,
    Side,
)
from exchanges.calls import CallingExchange, Parsed, Refused
from exchanges.candle_series import closed_candles
from exchanges.errors import ExchangeError, InvalidOrder, OrderNotFound

# https://docs.cdp.coinbase.com/api-reference/advanced-trade-api/rest-api/public/get-public-product-candles
CANDLES_PER_REQUEST = 350
ACCOUNTS_PER_REQUEST = 250
ORDERS_PER_REQUEST = 250
FILLS_PER_REQUEST = 250
PAGES_AT_MOST = 40  # of any list; a cursor that never ends is no use to anybody

# There is no look-up by client order id. An order is looked for among so many of the newest ones, then among those that
# filled last, however old.
NEWEST_PAGES = 8
LAST_FILLED_PAGES = 2

# There are no stop market orders: the stop's limit stands this far through its trigger price, as far as the venue
# itself puts that of a bracket.
STOP_LIMIT_BPS = Decimal(500)

# What an order did shows a moment later than that it was taken. Seconds before each look.
SETTLING_PAUSES = (0.0, 0.2, 0.4, 0.8)


class CoinbaseAdvanced(CallingExchange):
    name = "COINBASE"
    title = "Coinbase"
    urls = {"live": "https://api.coinbase.com"}  # its sandbox answers with fixed texts and trades nothing
    fee_rate = Decimal("0.012")  # https://www.coinbase.com/advanced-fees, the first tier
    credential_help = (
        "Coinbase: portal.cdp.coinbase.com, API keys, Secret API keys, create one with the signature algorithm ECDSA. "
        "Allow View and Trade; leave Transfer off. The key's name (organizations/…/apiKeys/…) is the API key, the "
        "private key with its BEGIN and END lines the secret."
    )
    rate_limits = RATE_LIMITS

    @property
    def capabilities(self) -> ExchangeCapabilities:
        return ExchangeCapabilities(
            spot_trading=True,
            stop_loss_orders=True,
            oco_orders=True,
            post_only_orders=True,
            order_types=(OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT),
        )

    # --- public
    def test_connectivity(self) -> bool:
        if self.api_key:
            self.get_key_permissions()
        else:
            self.call("test_connectivity", self._client.get_unix_time, _read(wire.server_time))
        return True

    def get_server_time(self) -> datetime:
        told = self.call("get_server_time", self._client.get_unix_time, _read(wire.server_time))
        self._clock_ahead = told - datetime.now(UTC)
        return told

    def get_instruments(self) -> list[Instrument]:
        return self.call(
            "get_instruments", self._client.get_public_products, _read(wire.instruments), product_type="SPOT"
        )

    def get_candles(
        self, symbol: str, timeframe: str, *, limit: int = 200, since: datetime | None = None
    ) -> list[Candle]:
        if timeframe not in self.capabilities.timeframes:
            raise self.not_supported(f"{timeframe} candles")
        product_id = self.instrument(symbol).venue_symbol
        is_joined = timeframe not in wire.GRANULARITIES  # 4h, which not every product has
        granularity = wire.GRANULARITIES["2h" if is_joined else timeframe]

        def fetch(first: datetime, last: datetime) -> list[Candle]:
            return self.call(
                "get_candles",
                self._client.get_public_candles,
                _read(wire.candles),
                product_id=product_id,
                start=wire.unix_seconds(first),
                end=wire.unix_seconds(last),
                granularity=granularity,
                limit=CANDLES_PER_REQUEST,
            )

        return closed_candles(
            fetch,
            step=TIMEFRAMES[timeframe],
            now=self._venue_now(),
            limit=limit,
            since=since,
            per_request=CANDLES_PER_REQUEST,
            parts=2 if is_joined else 1,
        )

    def get_current_price(self, symbol: str) -> Decimal:
        product_id = self.instrument(symbol).venue_symbol
        return self.call("get_current_price", self._client.get_public_product, _read(wire.price), product_id=product_id)

    def get_quote(self, symbol: str) -> Quote:
        product_id = self.instrument(symbol).venue_symbol
        return self.call(
            "get_quote", self._client.get_public_product_book, _read(wire.quote), product_id=product_id, limit=1
        )

    # --- private
    def get_key_permissions(self) -> KeyPermissions:
        return self._signed("get_key_permissions", self._client.get_api_key_permissions, wire.permissions)

    def get_balances(self) -> dict[str, Balance]:
        rows = self._pages("get_balances", self._client.get_accounts, "accounts", limit=ACCOUNTS_PER_REQUEST)
        return wire.balances(list(rows))

    def submit_order(self, request: OrderRequest) -> Order:
        instrument = self.instrument(request.symbol)
        self.require_valid(request, instrument)
        return self._submit(request, instrument, wire.configuration(request))

    def cancel_order(self, symbol: str, client_order_id: str) -> Order:
        self.instrument(symbol)
        # What is open is little; what is only just being opened is among the newest.
        found = self._find("cancel_order", symbol, client_order_id, NEWEST_PAGES, order_status=["OPEN"])
        found = found or self._find("cancel_order", symbol, client_order_id, 1)
        if found is None or found.status.is_final:
            raise OrderNotFound("Nothing of that order is open.", exchange=self.name, operation="cancel_order")
        self._signed(
            "cancel_order",
            self._client.cancel_orders,
            wire.canceled,
            is_order=True,
            order_ids=[found.exchange_order_id],
        )
        return self._settled(found, until_final=True)

    def get_order(self, symbol: str, client_order_id: str) -> Order:
        self.instrument(symbol)
        found = self._find("get_order", symbol, client_order_id, NEWEST_PAGES)
        found = found or self._find("get_order", symbol, client_order_id, LAST_FILLED_PAGES, sort_by="LAST_FILL_TIME")
        if found is None:
            raise OrderNotFound("Coinbase does not know that order.", exchange=self.name, operation="get_order")
        return found

    def get_open_orders(self, symbol: str | None = None) -> list[Order]:
        filters: dict[str, Any] = {"order_status": ["OPEN"], "limit": ORDERS_PER_REQUEST}
        if symbol is not None:
            filters["product_ids"] = [self.instrument(symbol).venue_symbol]
        rows = self._pages("get_open_orders", self._client.list_orders, "orders", **filters)
        return [wire.order(row, symbol or self._our_symbol(row["product_id"])) for row in rows]

    def get_fills(self, symbol: str, *, exchange_order_id: str) -> list[Fill]:
        self.instrument(symbol)
        rows = self._pages(
            "get_fills",
            self._client.get_fills,
            "fills",
            order_ids=[exchange_order_id],
            limit=FILLS_PER_REQUEST,
        )
        return wire.fills(list(rows), symbol)

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

    def create_oco_order(
        self,
        symbol: str,
        side: Side,
        quantity: Decimal,
        *,
        take_profit_price: Decimal,
        stop_price: Decimal,
        client_order_ids: tuple[str, str],
    ) -> tuple[Order, ...]:
        """A bracket: one order, under the first id. Its stop, too, sells by a limit 5 % through the trigger."""
        if not self.capabilities.oco_orders:
            raise self.not_supported("create_oco_order")
        instrument = self.instrument(symbol)
        request = OrderRequest(
            client_order_ids[0], symbol, Side(side), OrderType.LIMIT, quantity, take_profit_price, stop_price
        )
        self.require_valid(request, instrument)
        if (take_profit_price > stop_price) is not (request.side is Side.SELL):
            raise InvalidOrder(
                "The take profit of a sale lies above its stop, that of a purchase below.", exchange=self.name
            )
        return (self._submit(request, instrument, wire.bracket(quantity, take_profit_price, stop_price)),)

    # --- how an order goes
    def _submit(self, request: OrderRequest, instrument: Instrument, configuration: dict[str, Any]) -> Order:
        order_id = self._signed(
            "submit_order",
            self._client.create_order,
            wire.created,
            is_order=True,
            client_order_id=request.client_order_id,
            product_id=instrument.venue_symbol,
            side=str(request.side),
            order_configuration=configuration,
        )
        taken = Order(
            client_order_id=request.client_order_id,
            exchange_order_id=order_id,
            symbol=request.symbol,
            side=request.side,
            order_type=request.order_type,
            status=OrderStatus.OPEN,
            quantity=request.quantity,
            limit_price=request.limit_price,
            stop_price=request.stop_price,
        )
        return self._settled(taken, until_final=request.order_type is OrderType.MARKET)

    def _settled(self, known: Order, *, until_final: bool) -> Order:
        """What became of an order that the venue has accepted; as it was known, where that cannot be read just now."""
        symbol = known.symbol
        for pause in SETTLING_PAUSES:
            time.sleep(pause)
            try:
                known = self._signed(
                    "get_order",
                    self._client.get_order,
                    lambda reply: wire.order(reply["order"], symbol),
                    order_id=known.exchange_order_id,
                )
            except OrderNotFound:
                continue  # not shown yet
            except ExchangeError:
                break
            if known.status.is_final or not until_final:
                break
        return known

    def _find(self, operation: str, symbol: str, client_order_id: str, pages: int, **filters: Any) -> Order | None:
        """The first of that client order id, which is the newest unless the list is sorted otherwise.

        Not only among those of the symbol: the venue lists an order for BTC-USDC under BTC-USD, whose book it shares.
        """
        rows = self._pages(
            operation, self._client.list_orders, "orders", pages=pages, limit=ORDERS_PER_REQUEST, **filters
        )
        row = next((row for row in rows if row.get("client_order_id") == client_order_id), None)
        return None if row is None else wire.order(row, symbol)

    # --- every request goes this way
    @cached_property
    def _client(self) -> AdvancedClient:
        if not self.base_url:
            raise self.not_supported("test_network")
        return AdvancedClient(
            self.api_key,
            self.api_secret,
            base_url=self.base_url,
            timeout_seconds=self.timeout_seconds,
            ca_file=self.ca_file,
        )

    def close(self) -> None:
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
        self.require_key(operation)
        return self.call(operation, send, _read(parse), is_order=is_order, **parameters)

    def _pages(
        self, operation: str, send: Callable[..., Any], name: str, *, pages: int = PAGES_AT_MOST, **filters: Any
    ) -> Iterator[Any]:
        """The rows of a list, page after page."""
        cursor = ""
        for _ in range(pages):
            rows, following = self._signed(operation, send, wire.page(name), cursor=cursor or None, **filters)
            yield from rows
            if not following or following == cursor:
                return
            cursor = following

    def translate(self, refused: Refused, *, operation: str, is_order: bool) -> ExchangeError:
        if not isinstance(refused, Refusal):
            raise TypeError(refused)
        return translate(refused, operation=operation, is_order=is_order)

    def costs(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, float]:
        return COSTS[operation]

    def told_usage(self) -> Mapping[str, float]:
        return self._client.told_usage

    # --- the venue's clock
    def _venue_now(self) -> datetime:
        """By a clock that is compared with the venue's at the first need."""
        if "_clock_ahead" not in self.__dict__:
            self.get_server_time()
        return datetime.now(UTC) + self._clock_ahead

    _clock_ahead: timedelta

    def measure_clock(self) -> None:
        """After a token was refused for its dates: from now on they are the venue's."""
        self.get_server_time()
        self._client.clock_ahead_seconds = self._clock_ahead.total_seconds()

    # --- symbols
    def _our_symbol(self, product_id: str) -> str:
        for instrument in self._listed_instruments().values():
            if instrument.venue_symbol == product_id:
                return instrument.symbol
        raise ValueError("a product that is not in the venue's own list")


def _read(parse: Callable[[Any], Parsed]) -> Callable[[Any], Parsed]:
    """`parse`, of the plain JSON that the library's reply was made from."""
    return lambda reply: parse(reply.to_dict())
