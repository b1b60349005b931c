"""What the venue keeps: accounts, keys, orders, fills. Plain dataclasses that turn into JSON and back."""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from exchanges.base import ZERO, OrderStatus, OrderType, Side


class TimeInForce(StrEnum):
    GTC = "GTC"  # good till cancelled
    IOC = "IOC"  # what does not fill at once expires
    FOK = "FOK"  # all at once or nothing


class Permission(StrEnum):
    READ = "read"
    TRADE = "trade"
    WITHDRAW = "withdraw"


@dataclass(slots=True)
class Holding:
    """How much of one asset an account has: free to use, or locked in open orders."""

    free: Decimal = ZERO
    locked: Decimal = ZERO


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

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.filled_quantity

    @property
    def is_open(self) -> bool:
        return not self.status.is_final

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
class ForcedPrice:
    symbol: str
    ms: int
    factor: float


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
