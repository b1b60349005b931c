"""Kraken Futures' names for what the books hold: contracts, and UUIDs of orders, executions and events."""

from __future__ import annotations

import hashlib
from uuid import UUID

from exchanges.simulator.listings import Listing
from exchanges.simulator.records import Account, ApiKey, Fill, Order
from exchanges.simulator.venue import Venue

BASES = {"BTC": "XBT"}


def contract(listing: Listing) -> str:
    """BTC/USD is PF_XBTUSD: linear, perpetual, on the multi-collateral wallet."""
    return f"PF_{BASES.get(listing.base, listing.base)}{listing.quote}"


def find_symbol(venue: Venue, text: str) -> str | None:
    """Ours. The venue reads contracts in capitals and in small letters."""
    return next((s for s, market in venue.markets.items() if contract(market.listing) == text.upper()), None)


def order_uid(venue: Venue, order: Order) -> str:
    return str(_uuid(f"{venue.name} order {order.symbol} {order.order_id}"))


def fill_uid(venue: Venue, fill: Fill) -> str:
    return str(_uuid(f"{venue.name} fill {fill.symbol} {fill.trade_id}"))


def event_uid(venue: Venue, order: Order, number: int, side: str = "") -> str:
    return str(_uuid(f"{venue.name} event {order.symbol} {order.order_id} {number} {side}"))


def account_uid(venue: Venue, account: Account) -> str:
    return str(_uuid(f"{venue.name} account {account.account_id}"))


def market_uid(listing: Listing, what: str) -> str:
    """Of trades between others."""
    return str(_uuid(f"market {listing.symbol} {what}"))


def booking_uid(venue: Venue, what: str) -> str:
    return str(_uuid(f"{venue.name} booking {what}"))


def iiban(key: ApiKey) -> str:
    """The name of the holder's account at Kraken."""
    text = hashlib.sha256(f"{key.account_id} iiban".encode()).hexdigest().upper()
    return f"AA{int(text[:4], 16) % 100:02} N84G {text[4:8]} {text[8:12]} {text[12:16]}"


def _uuid(text: str) -> UUID:
    return UUID(bytes=hashlib.sha256(text.encode()).digest()[:16], version=4)


class OrderIndex:
    """An account's orders by their UUID and by client order id; orders are only ever added, so it reads on."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._read: dict[tuple[int, str], int] = {}
        self._by_uid: dict[tuple[int, str], Order] = {}
        self._by_client_id: dict[tuple[int, str], Order] = {}

    def by_uid(self, account: Account, uid: str) -> Order | None:
        self._read_on(account)
        return self._by_uid.get((account.account_id, uid.lower()))

    def by_client_id(self, account: Account, client_order_id: str) -> Order | None:
        """The newest."""
        self._read_on(account)
        return self._by_client_id.get((account.account_id, client_order_id))

    def _read_on(self, account: Account) -> None:
        for symbol in self._venue.markets:
            orders, place = self._venue.orders(account, symbol), (account.account_id, symbol)
            for order in orders[self._read.get(place, 0) :]:
                self._by_uid[account.account_id, order_uid(self._venue, order)] = order
                if order.client_order_id:
                    self._by_client_id[account.account_id, order.client_order_id] = order
            self._read[place] = len(orders)
