"""Orders as this venue shows them.

A bracket is one order here, and in the books a pair of which one cancels the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from exchanges.base import ZERO, OrderStatus
from exchanges.simulator.coinbase import ids
from exchanges.simulator.records import Account, Fill, Order
from exchanges.simulator.venue import Venue


@dataclass(frozen=True, slots=True)
class OrderView:
    """`legs`: the order, or a bracket's take profit and its stop, in this order."""

    venue: Venue
    legs: tuple[Order, ...]

    @property
    def first(self) -> Order:
        return self.legs[0]

    @property
    def order_id(self) -> str:
        return ids.order_id(self.venue, self.first)

    @property
    def is_open(self) -> bool:
        return any(leg.is_open for leg in self.legs)

    @property
    def status(self) -> OrderStatus:
        """A leg that filled outweighs the other, which expired with it."""
        statuses = {leg.status for leg in self.legs}
        order = (OrderStatus.FILLED, OrderStatus.PARTIALLY_FILLED, OrderStatus.OPEN, OrderStatus.CANCELED)
        return next((status for status in order if status in statuses), OrderStatus.EXPIRED)

    @property
    def filled_quantity(self) -> Decimal:
        return sum((leg.filled_quantity for leg in self.legs), ZERO)

    @property
    def filled_quote(self) -> Decimal:
        return sum((leg.filled_quote for leg in self.legs), ZERO)

    @property
    def locked(self) -> Decimal:
        return sum((leg.locked for leg in self.legs), ZERO)

    @property
    def updated_ms(self) -> int:
        return max(leg.updated_ms for leg in self.legs)

    @property
    def fills(self) -> list[Fill]:
        found = [fill for leg in self.legs for fill in self.venue.fills_of(leg)]
        return sorted(found, key=lambda fill: fill.trade_id)

    @property
    def sort_key(self) -> tuple[int, int, str]:
        """By when it was created; orders of one instant by the books' numbers."""
        return self.first.created_ms, self.first.order_id, self.first.symbol


def view(venue: Venue, order: Order) -> OrderView:
    """Of an order, or of the bracket that it is a leg of."""
    if order.list_id is None:
        return OrderView(venue, (order,))
    found = (venue.order(order.symbol, number) for number in venue.order_lists[order.list_id].order_ids)
    return OrderView(venue, tuple(leg for leg in found if leg is not None))


def views(venue: Venue, account: Account) -> list[OrderView]:
    """All of an account, newest first."""
    found = list(_views(venue, account))
    return sorted(found, key=lambda each: each.sort_key, reverse=True)


def _views(venue: Venue, account: Account) -> Iterator[OrderView]:
    for symbol in venue.markets:
        for order in venue.orders(account, symbol):
            if order.list_id is None or venue.order_lists[order.list_id].order_ids[0] == order.order_id:
                yield view(venue, order)
