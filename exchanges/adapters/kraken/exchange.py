"""The Kraken spot adapter; margin and futures are classes beside it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property, partial
from typing import Any

from exchanges.adapters.kraken import limits, wire
from exchanges.adapters.kraken.client import Refusal, SpotClient
from exchanges.adapters.kraken.errors import translate
from exchanges.adapters.kraken.names import Names, read_names
from exchanges.base import (
    INSTRUMENT_LIST_SECONDS,
    TIMEFRAMES,
    ZERO,
    Balance,
    Candle,
    ExchangeCapabilities,
    Fill,
    Instrument,
    KeyPermissions,
    MarketType,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Quote,
    VenueStatus,
)
from exchanges.calls import CallingExchange, Parsed, Refused
from exchanges.errors import (
    ExchangeError,
    NotSupported,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderRejected,
    TransientExchangeError,
)
from exchanges.rate_limits import RateLimit

# https://docs.kraken.com/api/docs/rest-api/get-ohlc-data: the newest 720, the open one among them
CLOSED_CANDLES = 719
# https://docs.kraken.com/api/docs/rest-api/get-trades-info
TRADES_PER_REQUEST = 20
# https://docs.kraken.com/api/docs/rest-api/add-order: a deadline lies 2 to 60 seconds ahead
DEADLINE_AFTER_TIMEOUT_SECONDS = 5
LONGEST_DEADLINE_SECONDS = 50
CLOCK_GOOD_SECONDS = 600
NONCE_PAUSE_SECONDS = (0.0, 0.1)

# By base URL: (monotonic time it was read, names).
_names: dict[str, tuple[float, Names]] = {}
# By base URL: (monotonic time it was measured, seconds that the venue's clock is ahead of ours).
_clocks: dict[str, tuple[float, float]] = {}


class KrakenExchange(CallingExchange):
    name = "KRAKEN"
    title = "Kraken"
    urls = {"live": "https://api.kraken.com"}  # there is no test network for spot and margin
    fee_rate = Decimal("0.004")  # https://www.kraken.com/features/fee-schedule, taker of the first tier
    candles_served = CLOSED_CANDLES
    markets_with_own_keys = frozenset({MarketType.FUTURES})
    rate_limits: tuple[RateLimit, ...] = (limits.REST, limits.PUBLIC)
    credential_help = (
        "Kraken: Settings, API, create a key for this platform alone (two programs with one key refuse each other's "
        "requests). Allow: query funds; query open and closed orders and trades; create, modify, cancel and close "
        "orders; query ledger entries. Leave deposit, withdraw and withdrawal addresses off. Set the custom nonce "
        "window to 10000000. Futures need a key of their own, made at futures.kraken.com."
    )
    account_type = MarketType.SPOT  # what this class trades
    _pair_counted = ""  # the limit's name of the pair that the next order or cancel is of

    @property
    def capabilities(self) -> ExchangeCapabilities:
        return ExchangeCapabilities(
            spot_trading=True,
            futures_trading=MarketType.FUTURES in self.classes_by_market,
            margin_trading=MarketType.MARGIN in self.classes_by_market,
            stop_loss_orders=True,
            take_profit_orders=True,
            trailing_stop_orders=True,
            post_only_orders=True,
            order_types=tuple(OrderType),
            testnet=False,
        )

    # --- public
    def test_connectivity(self) -> bool:
        if self.api_key:
            self.get_balances()
        else:
            self._public("test_connectivity", "SystemStatus", lambda reply: str(reply["status"]))
        return True

    def get_server_time(self) -> datetime:
        measured = self._public("get_server_time", "Time", wire.server_time)
        _clocks[self.base_url] = (time.monotonic(), measured - time.time())
        return wire.moment(measured)

    def get_status(self) -> VenueStatus:
        return self._public("get_status", "SystemStatus", wire.status)

    def get_instruments(self) -> list[Instrument]:
        assets = self._public("get_assets", "Assets", dict)
        return self._public("get_instruments", "AssetPairs", partial(self._read_instruments, assets))

    def _read_instruments(self, assets: Any, pairs: Any) -> list[Instrument]:
        names = read_names(assets, pairs)
        _names[self.base_url] = (time.monotonic(), names)
        return wire.instruments(pairs, names, self.market_type)

    def get_candles(
        self, symbol: str, timeframe: str, *, limit: int = 200, since: datetime | None = None
    ) -> list[Candle]:
        if timeframe not in self.capabilities.timeframes:
            raise self.not_supported(f"{timeframe} candles")
        step = TIMEFRAMES[timeframe]
        query: dict[str, Any] = {"pair": self._pair(symbol), "interval": step // timedelta(minutes=1)}
        if since is not None:
            query["since"] = wire.seconds(since - step)  # whether the candle at `since` itself comes, no page says
        found = self._public("get_candles", "OHLC", wire.candles, **query)
        if since is None:
            return found[-limit:]
        return [candle for candle in found if candle.open_time >= since][:limit]

    def get_current_price(self, symbol: str) -> Decimal:
        return self._public("get_current_price", "Ticker", wire.price, pair=self._pair(symbol))

    def get_quote(self, symbol: str) -> Quote:
        return self._public("get_quote", "Ticker", wire.quote, pair=self._pair(symbol))

    # --- the account
    def get_balances(self) -> dict[str, Balance]:
        return self._private("get_balances", "BalanceEx", partial(wire.balances, names=self._names()))

    def get_key_permissions(self) -> KeyPermissions:
        return self._private("get_key_permissions", "GetApiKeyInfo", wire.permissions)

    # --- orders
    def submit_order(self, request: OrderRequest) -> Order:
        self.require_order_type(request)
        self._require_account("submit_order")
        instrument = self.instrument(request.symbol)
        self.require_valid(request, instrument)
        self._count_pair(instrument.venue_symbol)
        key = self._private(
            "submit_order",
            "AddOrder",
            wire.accepted,
            is_order=True,
            **self._order_parameters(request, instrument),
        )
        try:
            report = self._report(key, request.symbol)
        except ExchangeError:
            return _accepted(request, key)  # only what became of it could not be read just now
        self._opened[request.client_order_id] = report.opened_at
        if report.order.status is OrderStatus.REJECTED:
            raise OrderRejected(f"Kraken says: {report.refusal[:200]}.", exchange=self.name, operation="submit_order")
        return report.order

    def _order_parameters(self, request: OrderRequest, instrument: Instrument) -> dict[str, str]:
        return wire.order_parameters(request, instrument.venue_symbol)

    def cancel_order(self, symbol: str, client_order_id: str) -> Order:
        self._require_account("cancel_order")
        self._count_pair(self._pair(symbol))
        canceled = self._private(
            "cancel_order",
            "CancelOrder",
            lambda reply: int(reply["count"]),
            is_order=True,
            cl_ord_id=client_order_id,
        )
        if not canceled:
            raise OrderNotFound("Nothing of that id is open at Kraken.", exchange=self.name, operation="cancel_order")
        try:
            return self.get_order(symbol, client_order_id)
        except (TransientExchangeError, OrderNotFound) as error:
            raise OrderOutcomeUnknown(
                "Kraken took the cancel; what the order did until then cannot be read at the moment.",
                exchange=self.name,
                operation="cancel_order",
            ) from error

    def get_order(self, symbol: str, client_order_id: str) -> Order:
        """Among the open ones first: an order only ever moves from there to the closed ones."""
        self._pair(symbol)
        for method, listed in (("OpenOrders", "open"), ("ClosedOrders", "closed")):
            read = partial(_newest, listed=listed, symbol=symbol)
            report = self._private("get_order", method, read, cl_ord_id=client_order_id)
            if report is not None:
                self._opened[client_order_id] = report.opened_at
                return report.order
        raise OrderNotFound("Kraken does not know that order.", exchange=self.name, operation="get_order")

    def get_open_orders(self, symbol: str | None = None) -> list[Order]:
        wanted = None if symbol is None else self.instrument(symbol).symbol
        orders = self._private("get_open_orders", "OpenOrders", self._read_open_orders)
        return [order for order in orders if wanted in (None, order.symbol)]

    def _read_open_orders(self, reply: Any) -> list[Order]:
        """Of this account type: spot and margin orders stand in one list."""
        is_margin = self.account_type is MarketType.MARGIN
        names = self._names()
        return [
            wire.order(key, entry, names.symbol(entry["descr"]["pair"]))
            for key, entry in reply["open"].items()
            if wire.is_leveraged(entry) is is_margin
        ]

    def get_fills(self, symbol: str, *, exchange_order_id: str) -> list[Fill]:
        self._pair(symbol)
        report = self._report(exchange_order_id, symbol)
        found: list[Fill] = []
        for start in range(0, len(report.trades), TRADES_PER_REQUEST):
            ids = report.trades[start : start + TRADES_PER_REQUEST]
            read = partial(wire.fills, ids=ids, symbol=symbol, pays_in_base=report.pays_fee_in_base)
            found += self._private("get_fills", "QueryTrades", read, txid=",".join(ids))
        return sorted(found, key=lambda fill: (fill.executed_at, fill.fill_id))

    def _report(self, key: str, symbol: str) -> wire.Report:
        read = partial(_report_of, key=key, symbol=symbol)
        return self._private("get_order", "QueryOrders", read, txid=key, trades="true")

    def _require_account(self, operation: str) -> None:
        if self.market_type is not self.account_type:
            raise NotSupported(
                f"This adapter has no {self.market_type} orders.", exchange=self.name, operation=operation
            )

    # --- every request goes this way
    @cached_property
    def _client(self) -> SpotClient:
        if not self.base_url:
            raise NotSupported(
                "Kraken has no test network for spot and margin: trade on paper, or live.", exchange=self.name
            )
        return SpotClient(
            self.api_key,
            self.api_secret,
            base_url=self.base_url,
            timeout_seconds=self.timeout_seconds,
            ca_file=self.ca_file,
        )

    @cached_property
    def _opened(self) -> dict[str, float]:
        """When orders were placed, by client order id, in Unix time: young ones are dearer to cancel."""
        return {}

    def close(self) -> None:
        client = self.__dict__.pop("_client", None)
        if client is not None:
            client.close()

    def _public(self, operation: str, method: str, parse: Callable[[Any], Parsed], **parameters: Any) -> Parsed:
        return self.call(operation, partial(self._client.public, method), parse, **parameters)

    def _private(
        self,
        operation: str,
        method: str,
        parse: Callable[[Any], Parsed],
        *,
        is_order: bool = False,
        **parameters: Any,
    ) -> Parsed:
        self.require_key(operation)
        send = partial(self._client.private, method)
        if method == "AddOrder":
            self._venue_time()  # measured before, where that has to be
            send = partial(self._add_order, _Sending())
        return self.call(operation, send, parse, is_order=is_order, **parameters)

    def _add_order(self, sending: _Sending, **parameters: Any) -> Any:
        """The engine takes no order that reaches it long after we gave up waiting.

        A refused nonce says that nothing was carried out, unless something between us and the venue delivered the
        request twice: then the first may have been. So before it is sent with another nonce it is looked for.
        """
        if sending.nonce_was_refused and (key := self._placed(parameters["cl_ord_id"])):
            return {"txid": [key]}
        wait = min(self.timeout_seconds + DEADLINE_AFTER_TIMEOUT_SECONDS, LONGEST_DEADLINE_SECONDS)
        deadline = (self._venue_time() + timedelta(seconds=wait)).replace(microsecond=0)
        try:
            return self._client.private("AddOrder", **parameters, deadline=deadline.isoformat().replace("+00:00", "Z"))
        except Refusal:
            sending.nonce_was_refused |= self._client.nonce_was_refused
            raise

    def _placed(self, client_order_id: str) -> str | None:
        """The venue's id of the newest order of ours."""
        for method, listed in (("OpenOrders", "open"), ("ClosedOrders", "closed")):
            found = self._client.private(method, cl_ord_id=client_order_id)[listed]
            if found:
                return str(max(found, key=lambda key: Decimal(found[key]["opentm"])))
        return None

    def translate(self, refused: Refused, *, operation: str, is_order: bool) -> ExchangeError:
        if not isinstance(refused, Refusal):
            raise TypeError(refused)
        return translate(refused, exchange=self.name, operation=operation, is_order=is_order)

    # --- rate limits
    def costs(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, float]:
        if operation in limits.PUBLIC_OPERATIONS:
            return {limits.PUBLIC.name: 1}
        if operation == "submit_order":
            return {limits.engine(parameters["pair"]).name: limits.ADD_ORDER_COST}
        if operation == "cancel_order":
            opened = self._opened.get(parameters["cl_ord_id"])
            ahead = _clocks.get(self.base_url, (0.0, 0.0))[1]
            rested = None if opened is None else time.time() + ahead - opened
            return {self._pair_counted: limits.cancel_cost(rested)}
        return {limits.REST.name: limits.COSTS.get(operation, 1)}

    def _count_pair(self, pair: str) -> None:
        """The matching engine counts per pair."""
        limit = limits.engine(pair)
        self._pair_counted = limit.name
        if limit not in self.rate_limits:
            self.rate_limits = (*self.rate_limits, limit)

    # --- the venue's clock
    def _venue_time(self) -> datetime:
        """To a second, by a comparison of clocks that is not older than ten minutes."""
        measured_at, ahead = _clocks.get(self.base_url, (0.0, 0.0))
        if not measured_at or time.monotonic() - measured_at > CLOCK_GOOD_SECONDS:
            self.get_server_time()
            ahead = _clocks[self.base_url][1]
        return datetime.fromtimestamp(time.time() + ahead, UTC)

    def measure_clock(self) -> None:
        """After a deadline that the venue did not take.

        A refused nonce needs nothing but the next one, a moment later: whoever came in between may send more.
        """
        if self._client.nonce_was_refused:
            time.sleep(random.uniform(*NONCE_PAUSE_SECONDS))  # noqa: S311 - so that workers do not meet again
        else:
            self.get_server_time()

    # --- symbols
    def _pair(self, symbol: str) -> str:
        return self.instrument(symbol).venue_symbol

    def _names(self) -> Names:
        read_at, names = _names.get(self.base_url, (0.0, Names()))
        if not names.assets or time.monotonic() - read_at > INSTRUMENT_LIST_SECONDS:
            self.get_instruments()
            names = _names[self.base_url][1]
        return names


@dataclass(slots=True)
class _Sending:
    """One submit, over all times that it is sent."""

    nonce_was_refused: bool = False


def _accepted(request: OrderRequest, key: str) -> Order:
    return Order(
        client_order_id=request.client_order_id,
        exchange_order_id=key,
        symbol=request.symbol,
        side=request.side,
        order_type=request.order_type,
        status=OrderStatus.OPEN,
        quantity=request.quantity,
        filled_quantity=ZERO,
        limit_price=request.limit_price,
        stop_price=request.stop_price,
        trailing_pct=request.trailing_pct,
        reduce_only=request.reduce_only,
    )


def _newest(reply: Any, listed: str, symbol: str) -> wire.Report | None:
    return wire.newest_report(reply[listed], symbol)


def _report_of(reply: Any, key: str, symbol: str) -> wire.Report:
    return wire.report(key, reply[key], symbol)
