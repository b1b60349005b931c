"""Leveraged positions: what fills, prices and funding do to them. Pure; shared by paper trading and the simulator.

Linear contracts only: quantities in base units, money in the asset that the contract settles in. One position per
instrument (one-way mode): a fill on the other side first shrinks it, then turns it around.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from exchanges.base import ZERO, PositionSide, Side


@dataclass(frozen=True, slots=True)
class OpenPosition:
    """`quantity` is signed: above zero long, below short. `cost` is entry price times quantity, signed alike, so that
    no average ever has to be rounded."""

    quantity: Decimal = ZERO
    cost: Decimal = ZERO

    @property
    def side(self) -> PositionSide:
        return PositionSide.LONG if self.quantity >= 0 else PositionSide.SHORT

    @property
    def entry_price(self) -> Decimal:
        return self.cost / self.quantity if self.quantity else ZERO

    def worth(self, price: Decimal) -> Decimal:
        """Without sign: what margin and fees are counted on."""
        return abs(self.quantity) * price

    def unrealised_pnl(self, price: Decimal) -> Decimal:
        return self.quantity * price - self.cost


def after_fill(
    position: OpenPosition, side: Side, price: Decimal, quantity: Decimal, *, unit: Decimal | None = None
) -> tuple[OpenPosition, Decimal]:
    """The position after a fill, and the profit or loss that the fill realised (fees not counted).

    A part that closes takes its share of the cost along, rounded to `unit` where one is given: then no digit is ever
    lost, and what all fills of a position realised adds up to exactly what they paid and received.
    """
    signed = quantity if side is Side.BUY else -quantity
    if position.quantity * signed >= 0:
        return OpenPosition(position.quantity + signed, position.cost + signed * price), ZERO
    closed = min(abs(signed), abs(position.quantity))
    part = position.cost
    if closed < abs(position.quantity):
        part = position.cost * closed / abs(position.quantity)
        part = part if unit is None else part.quantize(unit)
    realised = closed * price * (1 if position.quantity > 0 else -1) - part
    left = replace(
        position,
        quantity=position.quantity - (closed if position.quantity > 0 else -closed),
        cost=position.cost - part,
    )
    turned = quantity - closed
    if turned > 0:
        signed_rest = turned if side is Side.BUY else -turned
        left = OpenPosition(signed_rest, signed_rest * price)
    return left, realised


def reducible(position: OpenPosition, side: Side) -> Decimal:
    """How much an order on that side could shrink the position."""
    shrinks = (side is Side.SELL) == (position.quantity > 0)
    return abs(position.quantity) if shrinks else ZERO


def initial_margin(worth: Decimal, leverage: Decimal) -> Decimal:
    return worth / leverage


def funding(position: OpenPosition, mark_price: Decimal, rate: Decimal) -> Decimal:
    """What the position receives (negative: pays) at one funding time. A positive rate is paid by longs."""
    return -position.quantity * mark_price * rate


def liquidation_price(position: OpenPosition, *, collateral: Decimal, maintenance_rate: Decimal) -> Decimal | None:
    """Where collateral plus unrealised P&L equals `maintenance_rate` times the position's worth; None if nowhere.

    `collateral`: of an isolated position its own margin; of a cross position what the account has, less what other
    positions need at their present prices.
    """
    if not position.quantity:
        return None
    # collateral + q*p - cost = rate * |q| * p
    slope = position.quantity - maintenance_rate * abs(position.quantity)
    price = (position.cost - collateral) / slope
    return price if price > 0 else None
