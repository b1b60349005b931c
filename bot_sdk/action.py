"""`Action`: what a bot wants to do at the close of a candle."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass
from typing import ClassVar

ORDER_TYPES = ("MARKET", "LIMIT")
MAX_REASON_CHARACTERS = 500


class ReasonTooLong(ValueError):
    """A kind of its own, because the platform reports too much output differently from a wrong value."""


@dataclass(frozen=True, slots=True)
class Action:
    """BUY, SELL or HOLD at a price (quote units per base unit), with a reason a person can read.

    `confidence` is 0 to 1. `order_type` is MARKET or LIMIT; a LIMIT order needs `limit_price`.
    `stop_loss` and `take_profit` are prices; they replace the ones from the subscription's risk settings
    where those are wider. Wrong values raise ValueError or TypeError at once, with a sentence that says
    what was wrong.
    """

    BUY: ClassVar[str] = "BUY"
    SELL: ClassVar[str] = "SELL"
    HOLD: ClassVar[str] = "HOLD"

    action: str
    price: float
    reason: str = ""
    confidence: float | None = None
    order_type: str | None = None
    limit_price: float | None = None
    stop_loss: float | None = None
    take_profit: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.action, str):
            raise TypeError(f"action must be the text BUY, SELL or HOLD, not {type(self.action).__name__}")
        if self.action.upper() not in ("BUY", "SELL", "HOLD"):
            raise ValueError(f"action must be BUY, SELL or HOLD, not {self.action[:40]!r}")
        set_field = object.__setattr__
        set_field(self, "action", self.action.upper())
        set_field(self, "price", _price("price", self.price))
        if not isinstance(self.reason, str):
            raise TypeError(f"reason must be text, not {type(self.reason).__name__}")
        if len(self.reason) > MAX_REASON_CHARACTERS:
            raise ReasonTooLong(
                f"reason has {len(self.reason)} characters, at most {MAX_REASON_CHARACTERS} are allowed"
            )
        if self.confidence is not None:
            confidence = _number("confidence", self.confidence)
            if not 0 <= confidence <= 1:
                raise ValueError(f"confidence must be from 0 to 1, not {confidence}")
            set_field(self, "confidence", confidence)
        for name in ("limit_price", "stop_loss", "take_profit"):
            value = getattr(self, name)
            if value is not None:
                set_field(self, name, _price(name, value))
        self._check_order_type()
        self._check_exits()

    def _check_order_type(self) -> None:
        if self.order_type is None:
            if self.limit_price is not None:
                raise ValueError("limit_price is given but order_type is not LIMIT")
            return
        if self.order_type not in ORDER_TYPES:
            raise ValueError(f"order_type must be one of {', '.join(ORDER_TYPES)}, not {self.order_type!r}")
        if self.order_type == "LIMIT" and self.limit_price is None:
            raise ValueError("order_type is LIMIT, so limit_price must be given")
        if self.order_type == "MARKET" and self.limit_price is not None:
            raise ValueError("order_type is MARKET, so limit_price must not be given")

    def _check_exits(self) -> None:
        if self.action != "BUY":
            return
        entry = self.limit_price or self.price
        if self.stop_loss is not None and self.stop_loss >= entry:
            raise ValueError(f"stop_loss {self.stop_loss} must lie below the entry price {entry} of a BUY")
        if self.take_profit is not None and self.take_profit <= entry:
            raise ValueError(f"take_profit {self.take_profit} must lie above the entry price {entry} of a BUY")


def _number(name: str, value: object) -> float:
    if type(value) is float:  # as nearly always; the checks below take longer than all the rest
        number = value
    # bool is a number to Python and never one to a trader; numpy's numbers register as numbers.Real.
    elif isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}")
    else:
        number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{name} must be a finite number, not {number}")
    return number


def _price(name: str, value: object) -> float:
    number = _number(name, value)
    if number <= 0:
        raise ValueError(f"{name} must be above zero, not {number}")
    return number
