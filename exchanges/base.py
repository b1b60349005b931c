"""`BaseExchange`, what every venue's adapter implements, and the value types it speaks. No Django here.

Symbols are ours (`BTC/USDT`); an adapter turns them into the venue's text with the venue's own instrument list.
Money and quantities are `Decimal`; times are aware UTC datetimes.
"""

from __future__ import annotations

import abc
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal
from enum import StrEnum

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


@dataclass(frozen=True, slots=True)
class Candle:
    """One closed candle. `open_time` is its start; it closed at `open_time` + timeframe."""

    open_time: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal  # in base units


@dataclass(frozen=True, slots=True)
class Quote:
    """Best prices now, with the size that stands there in base units (zero where the venue does not say)."""

    bid: Decimal
    ask: Decimal
    bid_size: Decimal = ZERO
    ask_size: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Balance:
    asset: str
    free: Decimal
    used: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        return self.free + self.used


@dataclass(frozen=True, slots=True)
class Instrument:
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
class OrderRequest:
    """An order to be sent. `client_order_id` is ours: 32 lower-case hex characters fit every venue."""

    client_order_id: str
    symbol: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Order:
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
class Fill:
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
    can_withdraw: bool | None = None


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
    in `__init__`. Every method raises from the tree in `exchanges/errors.py` and nothing else.
    """

    name: str = ""
    title: str = ""  # for people
    urls: dict[str, str] = {}  # base URL by network: "live", "testnet"
    fee_rate: Decimal = Decimal("0.001")  # the venue's standard taker fee, for paper trading and estimates
    default_timeout_seconds: float = 10.0
    credential_help: str = ""  # where a user makes a key and what it must (not) be allowed to do

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

    def __repr__(self) -> str:  # the default one of a subclass that became a dataclass would show the secret
        return f"<{type(self).__name__} {self.name} {self.network} {self.market_type}>"

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

    @abc.abstractmethod
    def get_server_time(self) -> datetime:
        """The venue's clock."""

    @abc.abstractmethod
    def get_instruments(self) -> list[Instrument]: ...

    @abc.abstractmethod
    def get_candles(
        self, symbol: str, timeframe: str, *, limit: int = 200, since: datetime | None = None
    ) -> list[Candle]:
        """Closed candles only, oldest first: the last `limit`, or from `since` on."""

    @abc.abstractmethod
    def get_current_price(self, symbol: str) -> Decimal:
        """The last traded price, in quote units."""

    def get_quote(self, symbol: str) -> Quote:
        """Best bid and ask; the last price on both sides where the venue offers nothing better."""
        price = self.get_current_price(symbol)
        return Quote(bid=price, ask=price)

    # --- private
    @abc.abstractmethod
    def get_balances(self) -> dict[str, Balance]:
        """By asset; assets with nothing in them may be left out."""

    @abc.abstractmethod
    def submit_order(self, request: OrderRequest) -> Order:
        """Send it once. OrderRejected only on definite evidence, OrderOutcomeUnknown when nobody knows."""

    @abc.abstractmethod
    def cancel_order(self, symbol: str, client_order_id: str) -> Order:
        """Cancel what is left. OrderNotFound when nothing of that id is open (it may have filled: look it up)."""

    @abc.abstractmethod
    def get_order(self, symbol: str, client_order_id: str) -> Order:
        """The newest order of that client order id. OrderNotFound when the venue does not know it."""

    @abc.abstractmethod
    def get_open_orders(self, symbol: str | None = None) -> list[Order]: ...

    @abc.abstractmethod
    def get_fills(self, symbol: str, *, exchange_order_id: str) -> list[Fill]:
        """The executions of one order, oldest first."""

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
            OrderRequest(
                client_order_id, symbol, Side(side), order_type, quantity, limit_price, stop_price
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
    ) -> Order:
        """Place a resting take profit at the venue, triggered at `stop_price`."""
        if not self.capabilities.take_profit_orders:
            raise self.not_supported("create_take_profit_order")
        order_type = OrderType.TAKE_PROFIT if limit_price is None else OrderType.TAKE_PROFIT_LIMIT
        return self.submit_order(
            OrderRequest(
                client_order_id, symbol, Side(side), order_type, quantity, limit_price, stop_price
            )
        )

    # --- helpers for adapters
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
        wants_limit = request.order_type in (
            OrderType.LIMIT,
            OrderType.STOP_LOSS_LIMIT,
            OrderType.TAKE_PROFIT_LIMIT,
        )
        wants_stop = request.order_type not in (OrderType.MARKET, OrderType.LIMIT)
        if wants_limit and request.limit_price is None:
            raise InvalidOrder(f"A {request.order_type} order needs a limit price.", exchange=self.name)
        if wants_stop and request.stop_price is None:
            raise InvalidOrder(f"A {request.order_type} order needs a stop price.", exchange=self.name)


def to_decimal(value: object) -> Decimal:
    """A venue's number, whatever type it arrived in; floats by their shortest text, so 0.1 stays 0.1."""
    if isinstance(value, Decimal):
        return value
    return Decimal(str(value))
