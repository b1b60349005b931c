"""What the venue keeps: accounts, keys, orders, fills, positions. Plain dataclasses that turn into JSON and back."""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from exchanges.base import ZERO, MarginMode, OrderStatus, OrderType, Side
from exchanges.matching import WorkingOrder
from exchanges.positions import OpenPosition


class TimeInForce(StrEnum):
    GTC = "GTC"  # good till cancelled
    IOC = "IOC"  # what does not fill at once expires
    FOK = "FOK"  # all at once or nothing


class Permission(StrEnum):
    READ = "read"
    TRADE = "trade"
    WITHDRAW = "withdraw"
    TRANSFER = "transfer"  # to other accounts of the venue; not out of it


@dataclass(slots=True)
class Holding:
    """How much of one asset an account has: free to use, or locked in open orders. Debts only on margin accounts."""

    free: Decimal = ZERO
    locked: Decimal = ZERO
    borrowed: Decimal = ZERO
    interest: Decimal = ZERO  # owed on top of what was borrowed

    @property
    def total(self) -> Decimal:
        return self.free + self.locked

    @property
    def debt(self) -> Decimal:
        return self.borrowed + self.interest

    @property
    def net(self) -> Decimal:
        return self.total - self.debt


@dataclass(slots=True)
class Account:
    account_id: int
    name: str
    created_ms: int
    holdings: dict[str, Holding] = field(default_factory=dict)
    maker_fee: Decimal = Decimal("0.001")
    taker_fee: Decimal = Decimal("0.001")
    pays_fees_in_bnb: bool = False
    updated_ms: int = 0
    deposits: dict[str, Decimal] = field(default_factory=dict)  # put in and taken out by hand, all told
    owner_id: int | None = None  # of an isolated margin account: whose it is,
    symbol: str | None = None  # and the one market that it trades
    leverages: dict[str, Decimal] = field(default_factory=dict)  # by symbol, where it was set
    margin_modes: dict[str, MarginMode] = field(default_factory=dict)

    def holding(self, asset: str) -> Holding:
        return self.holdings.setdefault(asset, Holding())


@dataclass(slots=True)
class ApiKey:
    api_key: str
    api_secret: str
    account_id: int
    label: str
    permissions: list[Permission]
    created_ms: int
    passphrase: str = ""


@dataclass(slots=True)
class OrderSpec:
    """What a client asks for, checked for form but not yet for funds."""

    symbol: str
    side: Side
    order_type: OrderType
    client_order_id: str
    quantity: Decimal = ZERO
    quote_quantity: Decimal = ZERO  # a market order by amount of quote asset instead of quantity
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    wire: dict[str, str] = field(default_factory=dict)  # what a face wants to find again
    reduce_only: bool = False  # of positions: may only shrink one
    trailing_pct: Decimal | None = None  # a trailing stop; `stop_price` is then where it begins to work, if not at once
    leverage: Decimal | None = None  # where every order says it itself (Kraken); above 1 it trades a position
    borrow: bool = False  # of margin accounts: borrow what is missing,
    repay: bool = False  # and pay debts back with what comes in


@dataclass(slots=True)
class Order:
    """An order as the venue has it. Ids count per symbol, as the real venue's do."""

    symbol: str
    order_id: int
    account_id: int
    client_order_id: str
    side: Side
    order_type: OrderType
    status: OrderStatus
    quantity: Decimal
    created_ms: int
    updated_ms: int
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    quote_quantity: Decimal = ZERO
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    filled_quantity: Decimal = ZERO
    filled_quote: Decimal = ZERO
    locked: Decimal = ZERO  # of the asset it pays with
    triggered: bool = False
    levels_given: int = 0  # see exchanges.matching.WorkingOrder
    list_id: int | None = None
    working_ms: int | None = None  # since when it stands on the book
    wire: dict[str, str] = field(default_factory=dict)
    reduce_only: bool = False
    trailing_pct: Decimal | None = None
    best_price: Decimal | None = None  # of a trailing stop: the best one since it works; see `trigger_price`
    leverage: Decimal | None = None
    borrow: bool = False
    repay: bool = False
    is_position: bool = False  # it trades a position instead of money against goods
    triggered_ms: int | None = None
    is_liquidation: bool = False
    borrowed: Decimal = ZERO  # for this order, of the asset it pays with

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.filled_quantity

    @property
    def is_open(self) -> bool:
        return not self.status.is_final

    @property
    def as_working(self) -> WorkingOrder:
        """As the matching engine has it."""
        return WorkingOrder(
            order_id=str(self.order_id),
            side=self.side,
            order_type=self.order_type,
            quantity=self.quantity,
            filled_quantity=self.filled_quantity,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            triggered=self.triggered,
            group=None if self.list_id is None else str(self.list_id),
            levels_given=self.levels_given,
            trailing_pct=self.trailing_pct,
            best_price=self.best_price,
        )

    @property
    def trigger_price(self) -> Decimal | None:
        """Where it triggers as things stand: its stop, or that of a trailing one (None where it does not work yet)."""
        return self.as_working.trigger_price

    @property
    def waits_for_trigger(self) -> bool:
        return (self.stop_price is not None or self.trailing_pct is not None) and not self.triggered

    @property
    def pays_with(self) -> str:
        base, quote = self.symbol.split("/")
        return quote if self.side is Side.BUY else base


@dataclass(slots=True)
class Fill:
    symbol: str
    trade_id: int
    order_id: int
    account_id: int
    side: Side
    price: Decimal
    quantity: Decimal
    quote_quantity: Decimal
    fee: Decimal
    fee_asset: str
    is_maker: bool
    time_ms: int
    list_id: int | None = None
    realised_pnl: Decimal = ZERO  # of positions: what was made or lost with the part that it closed, fee not counted


@dataclass(slots=True)
class PositionRecord:
    """A position of an account. `quantity` and `cost` (entry price times quantity) are signed, below zero short."""

    account_id: int
    symbol: str
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    leverage: Decimal = Decimal(1)
    margin_mode: MarginMode = MarginMode.CROSS
    isolated_margin: Decimal = ZERO  # set aside for it, in the asset that it settles in
    opened_ms: int = 0
    updated_ms: int = 0
    number: int = 0  # counts the account's positions in the symbol; a new one begins at flat
    realised_pnl: Decimal = ZERO  # since it was opened
    fees: Decimal = ZERO
    funding: Decimal = ZERO  # what it was paid (negative: paid) for being held

    @property
    def entry_price(self) -> Decimal:
        return self.as_open.entry_price

    @property
    def as_open(self) -> OpenPosition:
        return OpenPosition(self.quantity, self.cost)


class PaymentKind(StrEnum):
    FUNDING = "funding"
    ROLLOVER = "rollover"  # Kraken's price of holding a spot position, every four hours
    OPENING = "opening"  # and of opening it
    INTEREST = "interest"  # of what was borrowed; it adds to the debt and leaves the balance alone
    BORROW = "borrow"
    REPAY = "repay"
    LIQUIDATION_FEE = "liquidation_fee"
    INSURANCE = "insurance"  # the venue bears what a liquidation cost beyond what was there
    TRANSFER = "transfer"


@dataclass(slots=True)
class Payment:
    """Money that moved without a fill. `amount` is positive where the account received it."""

    payment_id: int
    account_id: int
    symbol: str  # empty where it belongs to no market
    kind: PaymentKind
    amount: Decimal
    asset: str
    time_ms: int
    rate: Decimal | None = None
    order_id: int | None = None


@dataclass(slots=True)
class OrderList:
    """Two orders of which one cancels the other."""

    list_id: int
    account_id: int
    symbol: str
    client_list_id: str
    order_ids: list[int]
    created_ms: int


@dataclass(slots=True)
class ForcedRate:
    """A funding rate set by hand: of the periods that end at `from_ms` or later."""

    symbol: str
    from_ms: int
    rate: Decimal


@dataclass(slots=True)
class ForcedPrice:
    symbol: str
    ms: int
    factor: float
    venue: str = "binance"


T = TypeVar("T")


def to_json(record: Any) -> Any:
    """A record as JSON values; Decimals and names as strings."""
    if dataclasses.is_dataclass(record):
        return {f.name: to_json(getattr(record, f.name)) for f in dataclasses.fields(record)}
    if isinstance(record, Decimal):
        return plain(record)
    if isinstance(record, dict):
        return {key: to_json(value) for key, value in record.items()}
    if isinstance(record, list):
        return [to_json(value) for value in record]
    return record


def from_json(cls: type[T], data: dict[str, Any]) -> T:
    hints = typing.get_type_hints(cls)
    return cls(**{name: _restore(hints[name], value) for name, value in data.items()})


def plain(number: Decimal) -> str:
    """Without exponent and trailing zeros."""
    return f"{number.normalize():f}" if number else "0"


def _restore(hint: Any, value: Any) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType:
        return None if value is None else _restore(arguments[0], value)
    if origin is list:
        return [_restore(arguments[0], item) for item in value]
    if origin is dict:
        return {key: _restore(arguments[1], item) for key, item in value.items()}
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return from_json(hint, value)
    if isinstance(hint, type) and issubclass(hint, (Decimal, StrEnum)):
        return hint(value)
    return value
