"""`BaseExchange`: what every venue's adapter implements. The value types it speaks come along. No Django here.

Symbols are ours (`BTC/USDT`); an adapter turns them into the venue's text with the venue's own instrument list.
Money and quantities are `Decimal`; times are aware UTC datetimes.
"""

from __future__ import annotations

import abc
import functools
import time
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

from exchanges.errors import InvalidOrder, NotSupported
from exchanges.rate_limits import Budget, RateLimit
from exchanges.values import (
    FINAL_STATUSES,
    LIMIT_TYPES,
    TIMEFRAMES,
    ZERO,
    Balance,
    Candle,
    ExchangeCapabilities,
    Fill,
    FundingPayment,
    FundingRate,
    Instrument,
    KeyPermissions,
    MarginMode,
    MarketType,
    Mode,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Position,
    PositionSide,
    Quote,
    Side,
    VenueStatus,
    to_decimal,
)

__all__ = [
    "FINAL_STATUSES",
    "LIMIT_TYPES",
    "TIMEFRAMES",
    "ZERO",
    "Balance",
    "BaseExchange",
    "Candle",
    "ExchangeCapabilities",
    "Fill",
    "FundingPayment",
    "FundingRate",
    "Instrument",
    "KeyPermissions",
    "MarginMode",
    "MarketType",
    "Mode",
    "Order",
    "OrderRequest",
    "OrderStatus",
    "OrderType",
    "Position",
    "PositionSide",
    "Quote",
    "Side",
    "VenueStatus",
    "to_decimal",
]

INSTRUMENT_LIST_SECONDS = 3600
# (adapter name, base URL, market type) -> (monotonic time it was read, instruments by symbol)
_instrument_lists: dict[tuple[str, str, str], tuple[float, dict[str, Instrument]]] = {}


class BaseExchange(abc.ABC):
    """One account at one venue.

    Instances are cheap, made per task, hold plain credential values and talk to the network only in methods, never
    in `__init__`; close them, or use them in a `with`. Every method raises from the tree in `exchanges/errors.py` and
    nothing else. An adapter must have the three abstract members; what it leaves out raises NotSupported.
    """

    name: str = ""
    title: str = ""  # for people
    # Base URL by network ("live", "testnet"); "live futures" where an account type has one of its own.
    urls: dict[str, str] = {}
    fee_rate: Decimal = Decimal("0.001")  # the venue's standard taker fee, for paper trading and estimates
    default_timeout_seconds: float = 10.0
    credential_help: str = ""  # where a user makes a key and what it must (not) be allowed to do
    candles_served: int | None = None  # of a venue that has only so many of its newest candles
    forgets_unfilled_orders: bool = False  # one that ended without a fill is then unknown to the venue
    needs_passphrase: bool = False  # a key has a third part
    markets_with_own_keys: frozenset[MarketType] = frozenset()  # account types that another key opens
    tells_positions: bool = True  # False of a margin account that knows only balances and debts

    # The class for an account type, where it is not this one: a venue's futures are often another API altogether.
    classes_by_market: dict[MarketType, type[BaseExchange]] = {}

    # Whose certificates `base_url` is trusted with, as a PEM file, where that is not one of the authorities that
    # everybody trusts: at a deployment's own URL, or the simulator's. Set by the factory.
    ca_file: str = ""

    rate_limits: tuple[RateLimit, ...] = ()
    budget: Budget | None = None  # shared with all workers; set by exchanges.services

    # Where the platform looks up a symbol's rules before it asks the venue for its list; set by exchanges.services.
    instrument_lookup: Callable[[str], Instrument | None] | None = None

    def __init__(
        self,
        api_key: str,
        api_secret: str,
        testnet: bool = True,
        *,
        market_type: MarketType = MarketType.SPOT,
        margin_mode: MarginMode = MarginMode.CROSS,
        leverage: int = 1,
        passphrase: str = "",
        base_url: str | None = None,
        timeout_seconds: float | None = None,
    ) -> None:
        """`margin_mode` and `leverage` say how positions on margin and futures accounts are to be held."""
        self.api_key = api_key
        self.api_secret = api_secret
        self.passphrase = passphrase
        self.testnet = testnet
        self.market_type = MarketType(market_type)
        self.margin_mode = MarginMode(margin_mode)
        self.leverage = leverage
        self.base_url = (base_url or self.default_url(self.network, self.market_type)).rstrip("/")
        self.timeout_seconds = timeout_seconds or self.default_timeout_seconds

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """A price that a third party's adapter returns as float becomes a Decimal here, at the edge."""
        super().__init_subclass__(**kwargs)
        get_price = cls.__dict__.get("get_current_price")
        if get_price is not None and not getattr(get_price, "__isabstractmethod__", False):

            @functools.wraps(get_price)
            def get_current_price(self: BaseExchange, *args: Any, **options: Any) -> Decimal:
                return to_decimal(get_price(self, *args, **options))

            cls.get_current_price = get_current_price  # type: ignore[method-assign]

    def __repr__(self) -> str:  # the default one of a subclass that became a dataclass would show the secret
        return f"<{type(self).__name__} {self.name} {self.network} {self.market_type}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:  # noqa: B027 - most adapters have nothing to give back
        """Give back connections. Using the adapter afterwards opens new ones."""

    @property
    def network(self) -> str:
        return "testnet" if self.testnet else "live"

    @classmethod
    def default_url(cls, network: str, market_type: MarketType) -> str:
        return cls.urls.get(f"{network} {market_type}") or cls.urls.get(network, "")

    # --- what it can do
    @property
    @abc.abstractmethod
    def capabilities(self) -> ExchangeCapabilities: ...

    # --- public
    @abc.abstractmethod
    def test_connectivity(self) -> bool:
        """True if the venue answers; with a key, True only if it accepts the key. Raises AuthenticationError if not."""

    def get_server_time(self) -> datetime:
        """The venue's clock."""
        raise self.not_supported("get_server_time")

    def get_status(self) -> VenueStatus:
        """What the venue lets its clients do now. One without a word for it is online if it answers."""
        self.get_server_time()
        return VenueStatus.ONLINE

    def get_instruments(self) -> list[Instrument]:
        raise self.not_supported("get_instruments")

    def get_candles(
        self, symbol: str, timeframe: str, *, limit: int = 200, since: datetime | None = None
    ) -> list[Candle]:
        """Closed candles only, oldest first: the last `limit`, or the first `limit` that open at `since` or later."""
        raise self.not_supported("get_candles")

    @abc.abstractmethod
    def get_current_price(self, symbol: str) -> Decimal:
        """The last traded price, in quote units."""

    def get_quote(self, symbol: str) -> Quote:
        """Best bid and ask; the last price on both sides where the venue offers nothing better."""
        price = self.get_current_price(symbol)
        return Quote(bid=price, ask=price)

    def get_funding_rates(self, symbol: str, *, since: datetime) -> list[FundingRate]:
        """Of futures: the rates that were paid at `since` or later, oldest first."""
        raise self.not_supported("get_funding_rates")

    # --- private
    def get_balances(self) -> dict[str, Balance]:
        """By asset; assets with nothing in them may be left out."""
        raise self.not_supported("get_balances")

    def get_tradable_balances(self, symbol: str) -> dict[str, Balance]:
        """What orders of `symbol` can use: not all of it where an account is kept per symbol (isolated margin)."""
        return self.get_balances()

    def submit_order(self, request: OrderRequest) -> Order:
        """Send it once.

        OrderRejected only on definite evidence; OrderOutcomeUnknown when nobody knows; TransientExchangeError when
        certainly nothing was accepted and the same order may be submitted again later.
        """
        raise self.not_supported("submit_order")

    def cancel_order(self, symbol: str, client_order_id: str) -> Order:
        """Cancel what is left. OrderNotFound when nothing of that id is open (it may have filled: look it up)."""
        raise self.not_supported("cancel_order")

    def get_order(self, symbol: str, client_order_id: str) -> Order:
        """The newest order of that client order id. OrderNotFound when the venue does not know it."""
        raise self.not_supported("get_order")

    def get_open_orders(self, symbol: str | None = None) -> list[Order]:
        raise self.not_supported("get_open_orders")

    def get_fills(self, symbol: str, *, exchange_order_id: str) -> list[Fill]:
        """The executions of one order, oldest first."""
        raise self.not_supported("get_fills")

    def get_key_permissions(self) -> KeyPermissions:
        return KeyPermissions()

    # --- private, of margin and futures accounts
    def get_positions(self, symbol: str | None = None) -> list[Position]:
        """The open positions. A margin account that knows only balances and debts has none."""
        raise self.not_supported("get_positions")

    def apply_leverage(self, symbol: str) -> None:
        """Have the venue hold positions of `symbol` with this adapter's leverage and margin mode.

        To be called before the first order; calling it again changes nothing. Spot, and venues where every order says
        it itself, have nothing to do.
        """
        if self.market_type is MarketType.FUTURES:
            raise self.not_supported("apply_leverage")

    def get_funding_payments(self, symbol: str, *, since: datetime) -> list[FundingPayment]:
        """Funding, rollover and interest of `symbol` that was booked at `since` or later, oldest first."""
        raise self.not_supported("get_funding_payments")

    def get_liquidations(self, symbol: str, *, since: datetime) -> list[Fill]:
        """Fills of orders by which the venue itself closed positions of `symbol`, at `since` or later, oldest first."""
        raise self.not_supported("get_liquidations")

    # --- what capabilities announce
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
        """Place a resting stop at the venue: a market order at `stop_price`, or a limit order with `limit_price`."""
        if not self.capabilities.stop_loss_orders:
            raise self.not_supported("create_stop_loss_order")
        order_type = OrderType.STOP_LOSS if limit_price is None else OrderType.STOP_LOSS_LIMIT
        return self.submit_order(
            OrderRequest(
                client_order_id,
                symbol,
                Side(side),
                order_type,
                quantity,
                limit_price,
                stop_price,
                reduce_only=reduce_only,
            )
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
        """Place a resting take profit at the venue, triggered at `stop_price`."""
        if not self.capabilities.take_profit_orders:
            raise self.not_supported("create_take_profit_order")
        order_type = OrderType.TAKE_PROFIT if limit_price is None else OrderType.TAKE_PROFIT_LIMIT
        return self.submit_order(
            OrderRequest(
                client_order_id,
                symbol,
                Side(side),
                order_type,
                quantity,
                limit_price,
                stop_price,
                reduce_only=reduce_only,
            )
        )

    def create_trailing_stop_order(
        self,
        symbol: str,
        side: Side,
        quantity: Decimal,
        trailing_pct: Decimal,
        *,
        client_order_id: str,
        reduce_only: bool = True,
    ) -> Order:
        """Place a stop that follows the price at a distance of `trailing_pct` per cent."""
        if not self.capabilities.trailing_stop_orders:
            raise self.not_supported("create_trailing_stop_order")
        return self.submit_order(
            OrderRequest(
                client_order_id,
                symbol,
                Side(side),
                OrderType.TRAILING_STOP,
                quantity,
                trailing_pct=trailing_pct,
                reduce_only=reduce_only,
            )
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
        """Place a take profit and a stop of which one cancels the other, in this order; both or neither.

        One order, under the first id, where the venue makes a single one of both (Coinbase's bracket).
        """
        raise self.not_supported("create_oco_order")

    # --- helpers for adapters
    def instrument(self, symbol: str) -> Instrument:
        """The rules of a symbol: those the platform has stored, else from the venue's list. InvalidOrder if unknown."""
        stored = self.instrument_lookup(symbol) if self.instrument_lookup else None
        found = stored or self._listed_instruments().get(symbol)
        if found is None:
            raise InvalidOrder(f"{self.title or self.name} does not trade {symbol}.", exchange=self.name)
        return found

    def _listed_instruments(self) -> dict[str, Instrument]:
        """The venue's list by symbol; kept for the process, because it is the largest reply a venue has."""
        key = (self.name, self.base_url, self.market_type)
        read_at, instruments = _instrument_lists.get(key, (0.0, {}))
        if not instruments or time.monotonic() - read_at > INSTRUMENT_LIST_SECONDS:
            instruments = {instrument.symbol: instrument for instrument in self.get_instruments()}
            _instrument_lists[key] = (time.monotonic(), instruments)
        return instruments

    def not_supported(self, operation: str) -> NotSupported:
        return NotSupported(
            f"{self.title or self.name} has no {operation.replace('_', ' ')} here.",
            exchange=self.name,
            operation=operation,
        )

    def require_order_type(self, request: OrderRequest) -> None:
        """Refuse what the capabilities do not name, and prices that are missing, before anything is sent."""
        if request.order_type not in self.capabilities.order_types:
            raise self.not_supported(f"{request.order_type} order")
        wants_limit = request.order_type in LIMIT_TYPES
        wants_stop = request.order_type not in (OrderType.MARKET, OrderType.LIMIT)
        if wants_limit and request.limit_price is None:
            raise InvalidOrder(f"A {request.order_type} order needs a limit price.", exchange=self.name)
        if request.order_type is OrderType.TRAILING_STOP:
            if request.trailing_pct is None or not ZERO < request.trailing_pct < 100:
                raise InvalidOrder("A trailing stop needs a distance between 0 and 100 per cent.", exchange=self.name)
        elif wants_stop and request.stop_price is None:
            raise InvalidOrder(f"A {request.order_type} order needs a stop price.", exchange=self.name)
        if request.post_only and not self.capabilities.post_only_orders:
            raise self.not_supported("post-only order")
        if request.post_only and request.order_type is not OrderType.LIMIT:
            raise InvalidOrder("Only a limit order can be post-only.", exchange=self.name)

    def require_valid(self, request: OrderRequest, instrument: Instrument, price: Decimal | None = None) -> None:
        """Refuse what can never be accepted, with the figure it misses. `price`: what a market order would pay."""
        self.require_order_type(request)
        price = request.limit_price or request.stop_price or price
        reason = None
        if not instrument.is_trading:
            reason = f"{instrument.symbol} is not trading at the moment"
        elif instrument.order_types and request.order_type not in instrument.order_types:
            reason = f"{instrument.symbol} takes no {request.order_type} orders"
        elif instrument.lot_step and request.quantity % instrument.lot_step:
            reason = f"{request.quantity} {instrument.base} is not a multiple of {instrument.lot_step}"
        else:
            reason = instrument.shortfall(request.quantity, price)
        for stated in (request.limit_price, request.stop_price):
            if stated is not None and (stated <= 0 or (instrument.tick_size and stated % instrument.tick_size)):
                reason = reason or f"the price {stated} is not a positive multiple of {instrument.tick_size}"
        if reason:
            raise InvalidOrder(f"{reason[0].upper()}{reason[1:]}.", exchange=self.name, operation="submit_order")
