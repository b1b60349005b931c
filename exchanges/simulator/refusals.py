"""Why an order, a cancel or a change of margin is refused. Each face has its own words for them."""

from __future__ import annotations

from enum import Enum, auto


class Refusal(Enum):
    INSUFFICIENT_FUNDS = auto()  # or margin
    WOULD_TRIGGER_AT_ONCE = auto()
    WOULD_TAKE = auto()
    TOO_SMALL = auto()
    WRONG_PRICES = auto()
    NOT_TRADING = auto()  # the venue takes no orders now: see `Venue.status`
    POST_ONLY_MODE = auto()  # the venue takes only orders that cannot take from the book
    WOULD_NOT_REDUCE = auto()  # reduce-only, and there is no position on the other side
    LEVERAGE_TOO_HIGH = auto()
    CANNOT_BORROW = auto()  # more than the account's limit, or an asset that is not lent
    NOTHING_TO_REPAY = auto()
    MARGIN_MODE_LOCKED = auto()  # not while there are orders or a position
    ORDER_ID_TAKEN = auto()  # for faces, which know their venue's rule


class OrderRefused(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.name)
        self.refusal = refusal
