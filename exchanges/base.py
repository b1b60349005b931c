"""`BaseExchange`, what every venue's adapter implements, and the value types it speaks. No Django here.

Symbols are ours (`BTC/USDT`); an adapter turns them into the venue's text with the venue's own instrument list.
Money and quantities are `Decimal`; times are aware UTC datetimes.
"""

# ruff: noqa: ARG002 - what an adapter leaves out takes its arguments and refuses

from __future__ import annotations

import abc
import functools
import inspect
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal
from enum import StrEnum
from types import TracebackType
from typing import Any, ClassVar, Self

from exchanges.errors import InvalidOrder, NotSupported

ZERO = Decimal(0)

TIMEFRAMES: dict[str, timedelta] = {
    "1m": timedelta(minutes=1),
    "5m": timedelta(minutes=5),
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "4h": timedelta(hours=4),
    "1d": timedelta(days=1),
}


class Side(StrEnum):
    BUY = "BUY"
    SELL = "SELL"

    @property
    def opposite(self) -> Side:
        return Side.SELL if self is Side.BUY else Side.BUY


class MarketType(StrEnum):
    SPOT = "spot"
    MARGIN = "margin"
    FUTURES = "futures"


class Mode(StrEnum):
    """How a subscription trades: virtual money at the venue's prices, the venue's test network, or real money."""

    PAPER = "paper"
    TESTNET = "testnet"
    LIVE = "live"


class OrderType(StrEnum):
    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP_LOSS = "STOP_LOSS"  # a market order once the stop price trades
    STOP_LOSS_LIMIT = "STOP_LOSS_LIMIT"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_LIMIT = "TAKE_PROFIT_LIMIT"


LIMIT_TYPES = frozenset({OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT})


class OrderStatus(StrEnum):
    NEW = "NEW"  # saved by us, not sent
    SUBMITTED = "SUBMITTED"  # claimed for sending; the reply is not here yet
    UNKNOWN = "UNKNOWN"  # sent, and nobody knows what became of it
    OPEN = "OPEN"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"  # by the venue
    EXPIRED = "EXPIRED"
    DENIED = "DENIED"  # by us, before sending

    @property
    def is_final(self) -> bool:
        return self in FINAL_STATUSES


FINAL_STATUSES = frozenset(
    {
        OrderStatus.FILLED,
        OrderStatus.CANCELED,
        OrderStatus.REJECTED,
        OrderStatus.EXPIRED,
        OrderStatus.DENIED,
    }
)


class _DecimalFields:
    """Third-party adapters may hand over floats; whatever a venue sent, these types hold Decimal."""

    __slots__ = ()
    _decimals: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        annotations = inspect.get_annotations(cls)
        cls._decimals = tuple(name for name, kind in annotations.items() if kind.startswith("Decimal"))

    def __post_init__(self) -> None:
        for name in self._decimals:
            value = getattr(self, name)
            if value is not None and not isinstance(value, Decimal):
                object.__setattr__(self, name, to_decimal(value))


@dataclass(frozen=True, slots=True)
class Candle(_DecimalFields):
    """One closed candle. `open_time` is its start; it closed at `open_time` + timeframe."""

    open_time: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal  # in base units


@dataclass(frozen=True, slots=True)
class Quote(_DecimalFields):
    """Best prices now, with the size that stands there in base units (zero where the venue does not say)."""

    bid: Decimal
    ask: Decimal
    bid_size: Decimal = ZERO
    ask_size: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Balance(_DecimalFields):
    asset: str
    free: Decimal
    used: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        return self.free + self.used


@dataclass(frozen=True, slots=True)
class Instrument(_DecimalFields):
    """What can be traded and in which steps. Steps and minimums of zero mean that the venue sets none."""

    symbol: str
    venue_symbol: str
    base: str
    quote: str
    market_type: MarketType = MarketType.SPOT
    tick_size: Decimal = ZERO
    lot_step: Decimal = ZERO
    min_quantity: Decimal = ZERO
    max_quantity: Decimal | None = None
    min_notional: Decimal = ZERO  # in quote units
    is_trading: bool = True
    order_types: tuple[OrderType, ...] = ()  # what the venue takes here; empty where it does not say

    def round_quantity(self, quantity: Decimal) -> Decimal:
        """Down to the lot: never more than was asked for."""
        return _round_to(quantity, self.lot_step, ROUND_DOWN)

    def round_price(self, price: Decimal, side: Side) -> Decimal:
        """To the tick on the safe side of a limit: a BUY never pays more, a SELL never takes less."""
        return _round_to(price, self.tick_size, ROUND_FLOOR if side is Side.BUY else ROUND_CEILING)

    def round_stop_price(self, price: Decimal, side: Side) -> Decimal:
        """To the tick so that the stop triggers no later than asked: a SELL stop rounds up, a BUY stop down."""
        return _round_to(price, self.tick_size, ROUND_CEILING if side is Side.SELL else ROUND_FLOOR)

    def shortfall(self, quantity: Decimal, price: Decimal) -> str | None:
        """Why an order of this size cannot be valid, with the figure it misses, or None."""
        if quantity <= 0:
            return f"the quantity is below one lot ({self.lot_step} {self.base})"
        if quantity < self.min_quantity:
            return f"{quantity} {self.base} is below the minimum quantity {self.min_quantity} {self.base}"
        if self.max_quantity is not None and quantity > self.max_quantity:
            return f"{quantity} {self.base} is above the maximum quantity {self.max_quantity} {self.base}"
        notional = quantity * price
        if notional < self.min_notional:
            return f"{notional.normalize():f} {self.quote} is below the minimum notional {self.min_notional} {self.quote}"
        return None


def _round_to(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    if step <= 0:
        return value
    return ((value / step).quantize(Decimal(1), rounding=rounding) * step).normalize() + ZERO


@dataclass(frozen=True, slots=True)
class OrderRequest(_DecimalFields):
    """An order to be sent. `client_order_id` is ours: 32 lower-case hex characters fit every venue."""

    client_order_id: str
    symbol: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Order(_DecimalFields):
    """An order as the venue tells it."""

    client_order_id: str
    exchange_order_id: str
    symbol: str
    side: Side
    order_type: OrderType
    status: OrderStatus
    quantity: Decimal
    filled_quantity: Decimal = ZERO
    average_price: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fill(_DecimalFields):
    """One execution. `fee` is in units of `fee_asset`, which may be base, quote or a third asset."""

    fill_id: str
    exchange_order_id: str
    symbol: str
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    executed_at: datetime


@dataclass(frozen=True, slots=True)
class KeyPermissions:
    """What an API key may do; None where the venue does not tell (a test network, say)."""

    can_read: bool | None = None
    can_trade: bool | None = None
    can_withdraw: bool | None = None  # or move funds to somebody else's account


@dataclass(frozen=True, slots=True)
class ExchangeCapabilities:
    """What an adapter can do. What is not declared here raises NotSupported before anything is sent."""

    spot_trading: bool = False
    futures_trading: bool = False
    margin_trading: bool = False
    stop_loss_orders: bool = False
    take_profit_orders: bool = False
    advanced_orders: bool = False
    timeframes: tuple[str, ...] = field(default=tuple(TIMEFRAMES))
    order_types: tuple[OrderType, ...] = (OrderType.MARKET, OrderType.LIMIT)
    testnet: bool = False

    def supports(self, market_type: MarketType) -> bool:
        return {
            MarketType.SPOT: self.spot_trading,
            MarketType.MARGIN: self.margin_trading,
            MarketType.FUTURES: self.futures_trading,
        }[market_type]

    def as_dict(self) -> dict[str, object]:
        values = asdict(self)
        values["timeframes"] = list(self.timeframes)
        values["order_types"] = [str(order_type) for order_type in self.order_types]
        return values


class BaseExchange(abc.ABC):
    """One account at one venue.

    Instances are cheap, made per task, hold plain credential values and talk to the network only in methods, never
    in `__init__`; close them, or use them in a `with`. Every method raises from the tree in `exchanges/errors.py` and
    nothing else. An adapter must have the three abstract members; what it leaves out raises NotSupported.
    """

    name: str = ""
    title: str = ""  # for people
    urls: dict[str, str] = {}  # base URL by network: "live", "testnet"
    fee_rate: Decimal = Decimal("0.001")  # the venue's standard taker fee, for paper trading and estimates
    default_timeout_seconds: float = 10.0
    credential_help: str = ""  # where a user makes a key and what it must (not) be allowed to do

    # Where the platform looks up a symbol's rules before it asks the venue for its whole list; set by exchanges.services.
    instrument_lookup: Callable[[str], Instrument | None] | None = None

    def __init__(
        self,
        api_key: str,
        api_secret: str,
        testnet: bool = True,
        *,
        market_type: MarketType = MarketType.SPOT,
        base_url: str | None = None,
        timeout_seconds: float | None = None,
    ) -> None:
        self.api_key = api_key
        self.api_secret = api_secret
        self.testnet = testnet
        self.market_type = MarketType(market_type)
        self.base_url = (base_url or self.urls.get(self.network, "")).rstrip("/")
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

    # --- private
    def get_balances(self) -> dict[str, Balance]:
        """By asset; assets with nothing in them may be left out."""
        raise self.not_supported("get_balances")

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
    ) -> Order:
        """Place a resting stop at the venue: a market order at `stop_price`, or a limit order with `limit_price`."""
        if not self.capabilities.stop_loss_orders:
            raise self.not_supported("create_stop_loss_order")
        order_type = OrderType.STOP_LOSS if limit_price is None else OrderType.STOP_LOSS_LIMIT
        return self.submit_order(
            OrderRequest(client_order_id, symbol, Side(side), order_type, quantity, limit_price, stop_price)
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
    ) -> Order:
        """Place a resting take profit at the venue, triggered at `stop_price`."""
        if not self.capabilities.take_profit_orders:
            raise self.not_supported("create_take_profit_order")
        order_type = OrderType.TAKE_PROFIT if limit_price is None else OrderType.TAKE_PROFIT_LIMIT
        return self.submit_order(
            OrderRequest(client_order_id, symbol, Side(side), order_type, quantity, limit_price, stop_price)
        )

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
        if wants_stop and request.stop_price is None:
            raise InvalidOrder(f"A {request.order_type} order needs a stop price.", exchange=self.name)

    def require_valid(
        self, request: OrderRequest, instrument: Instrument, price: Decimal | None = None
    ) -> None:
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
        elif price is not None:
            reason = instrument.shortfall(request.quantity, price)
        for stated in (request.limit_price, request.stop_price):
            if stated is not None and (
                stated <= 0 or (instrument.tick_size and stated % instrument.tick_size)
            ):
                reason = reason or f"the price {stated} is not a positive multiple of {instrument.tick_size}"
        if reason:
            raise InvalidOrder(
                f"{reason[0].upper()}{reason[1:]}.", exchange=self.name, operation="submit_order"
            )


INSTRUMENT_LIST_SECONDS = 3600
# (adapter name, base URL, market type) -> (monotonic time it was read, instruments by symbol)
_instrument_lists: dict[tuple[str, str, str], tuple[float, dict[str, Instrument]]] = {}


def to_decimal(value: object) -> Decimal:
    """A venue's number, whatever type it arrived in; floats by their shortest text, so 0.1 stays 0.1."""
    if isinstance(value, Decimal):
        return value
    return Decimal(str(value))
