"""The value types that adapters, fill model and platform exchange. No Django here; imported as `exchanges.base`.

Money and quantities are `Decimal`; times are aware UTC datetimes. Symbols are ours: `BTC/USDT`.
"""

from __future__ import annotations

import inspect
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal
from enum import StrEnum
from typing import ClassVar

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


class MarginMode(StrEnum):
    """What stands behind a leveraged position: the whole account, or only what was set aside for it."""

    CROSS = "cross"
    ISOLATED = "isolated"


class PositionSide(StrEnum):
    LONG = "LONG"
    SHORT = "SHORT"


class VenueStatus(StrEnum):
    """What a venue as a whole lets its clients do."""

    ONLINE = "online"
    CANCEL_ONLY = "cancel_only"
    POST_ONLY = "post_only"
    SUSPENDED = "suspended"  # orders are neither taken nor canceled; accounts can be read
    MAINTENANCE = "maintenance"  # nothing else is answered


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
    TRAILING_STOP = "TRAILING_STOP"  # a market order once the price has turned by `trailing_pct` from its best


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
    """`borrowed`: what of it the venue lent and wants back, interest included (margin accounts)."""

    asset: str
    free: Decimal
    used: Decimal = ZERO
    borrowed: Decimal = ZERO

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
    max_leverage: int = 1
    settle: str = ""  # the asset in which a futures contract pays; empty elsewhere

    def round_quantity(self, quantity: Decimal) -> Decimal:
        """Down to the lot: never more than was asked for."""
        return _round_to(quantity, self.lot_step, ROUND_DOWN)

    def round_price(self, price: Decimal, side: Side) -> Decimal:
        """To the tick on the safe side of a limit: a BUY never pays more, a SELL never takes less."""
        return _round_to(price, self.tick_size, ROUND_FLOOR if side is Side.BUY else ROUND_CEILING)

    def round_stop_price(self, price: Decimal, side: Side) -> Decimal:
        """To the tick so that the stop triggers no later than asked: a SELL stop rounds up, a BUY stop down."""
        return _round_to(price, self.tick_size, ROUND_CEILING if side is Side.SELL else ROUND_FLOOR)

    def shortfall(self, quantity: Decimal, price: Decimal | None) -> str | None:
        """Why an order of this size cannot be valid, with the figure it misses, or None. No price: not its worth."""
        if quantity <= 0:
            return f"the quantity is below one lot ({self.lot_step} {self.base})"
        if quantity < self.min_quantity:
            return f"{quantity} {self.base} is below the minimum quantity {self.min_quantity} {self.base}"
        if self.max_quantity is not None and quantity > self.max_quantity:
            return f"{quantity} {self.base} is above the maximum quantity {self.max_quantity} {self.base}"
        if price is not None and (notional := quantity * price) < self.min_notional:
            return (
                f"{notional.normalize():f} {self.quote} is below the minimum notional {self.min_notional} {self.quote}"
            )
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
    trailing_pct: Decimal | None = None  # of TRAILING_STOP: per cent of the best price since it was placed
    # It may only shrink a position: never open one, never turn one around. On a margin account what was borrowed for
    # the position is paid back with it. Spot cannot sell more than is held, so there it changes nothing.
    reduce_only: bool = False
    post_only: bool = False  # of LIMIT: refused where it would take from the book


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
    trailing_pct: Decimal | None = None
    reduce_only: bool = False


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
class Position(_DecimalFields):
    """A leveraged position as the venue tells it. Amounts of money in units of the instrument's `settle` or quote."""

    symbol: str
    side: PositionSide
    quantity: Decimal  # base units, positive
    entry_price: Decimal
    leverage: Decimal = Decimal(1)
    margin_mode: MarginMode = MarginMode.CROSS
    mark_price: Decimal | None = None
    liquidation_price: Decimal | None = None  # None where the venue names none (too far away, or not told)
    unrealised_pnl: Decimal = ZERO
    position_id: str = ""  # where the venue keeps several of one symbol apart


@dataclass(frozen=True, slots=True)
class FundingPayment(_DecimalFields):
    """What a position paid (negative) or was paid (positive) for being held: funding, rollover or interest."""

    payment_id: str
    symbol: str
    amount: Decimal
    asset: str
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class FundingRate(_DecimalFields):
    """Of a futures contract: longs pay `rate` times the position's worth to shorts at `paid_at`."""

    symbol: str
    rate: Decimal
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class KeyPermissions:
    """What an API key may do; None where the venue does not tell (a test network, say)."""

    can_read: bool | None = None
    can_trade: bool | None = None
    can_withdraw: bool | None = None  # or move funds to somebody else's account


@dataclass(frozen=True, slots=True)
class ExchangeCapabilities:
    """What an adapter can do on its account type (`market_type`). What is not declared raises NotSupported before
    anything is sent.

    `spot_trading`, `futures_trading` and `margin_trading` are the same on every account type of a venue. A third party
    may leave out `advanced_orders`: it follows from the four after it.
    """

    spot_trading: bool = False
    futures_trading: bool = False
    margin_trading: bool = False
    stop_loss_orders: bool = False
    take_profit_orders: bool = False
    advanced_orders: bool = False
    oco_orders: bool = False  # stop and take profit of which one cancels the other
    trailing_stop_orders: bool = False
    post_only_orders: bool = False
    reduce_only_orders: bool = False
    margin_modes: tuple[MarginMode, ...] = ()  # of margin and futures
    timeframes: tuple[str, ...] = field(default=tuple(TIMEFRAMES))
    order_types: tuple[OrderType, ...] = (OrderType.MARKET, OrderType.LIMIT)
    testnet: bool = False

    def __post_init__(self) -> None:
        parts = (self.oco_orders, self.trailing_stop_orders, self.post_only_orders, self.reduce_only_orders)
        object.__setattr__(self, "advanced_orders", self.advanced_orders or any(parts))

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
        values["margin_modes"] = [str(mode) for mode in self.margin_modes]
        return values


def to_decimal(value: object) -> Decimal:
    """A venue's number, whatever type it arrived in; floats by their shortest text, so 0.1 stays 0.1."""
    if isinstance(value, Decimal):
        return value
    return Decimal(str(value))
