"""Ids as UUIDs, from the books' own numbers and back. Both Coinbase faces have them."""

from __future__ import annotations

import hashlib
from uuid import UUID, uuid5

from exchanges.simulator.records import Account, Order
from exchanges.simulator.venue import Venue

NAMESPACE = UUID("6f1c1a52-7a0e-4c59-9d53-0c3b7a1d7c11")  # of names that are turned into ids; any one would do


def order_id(venue: Venue, order: Order) -> str:
    return _pack(venue, "order", order.symbol, order.order_id)


def find_order(venue: Venue, account: Account, text: str) -> Order | None:
    """The account's order of that id."""
    found = _unpack(venue, "order", text)
    order = venue.order(*found) if found else None
    return order if order is not None and order.account_id == account.account_id else None


def trade_id(venue: Venue, symbol: str, number: int) -> str:
    return _pack(venue, "trade", symbol, number)


def wallet_id(venue: Venue, account: Account, asset: str) -> str:
    return str(uuid5(NAMESPACE, f"{venue.name} {account.account_id} {asset}"))


def owner_id(venue: Venue, account: Account, what: str) -> str:
    return str(uuid5(NAMESPACE, f"{venue.name} {account.account_id} {what}"))


def _pack(venue: Venue, kind: str, symbol: str, number: int) -> str:
    return str(UUID(int=(list(venue.markets).index(symbol) << 64 | number) ^ _mask(venue, kind)))


def _unpack(venue: Venue, kind: str, text: str) -> tuple[str, int] | None:
    try:
        index, number = divmod(UUID(text).int ^ _mask(venue, kind), 1 << 64)
    except ValueError:
        return None
    symbols = list(venue.markets)
    return (symbols[index], number) if index < len(symbols) else None


def _mask(venue: Venue, kind: str) -> int:
    """So that they look like ids and not like numbers."""
    return int.from_bytes(hashlib.sha256(f"{venue.name} {kind}".encode()).digest()[:16])
