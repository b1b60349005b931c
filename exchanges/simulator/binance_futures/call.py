"""A request to the futures account."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from exchanges.base import VenueStatus
from exchanges.simulator.binance.call import Call
from exchanges.simulator.binance.params import ApiError


@dataclass(slots=True)
class FuturesCall(Call):
    hedged: set[int] = field(default_factory=set)  # accounts in hedge mode, which here is good for being refused

    @property
    def is_hedged(self) -> bool:
        return self.account.account_id in self.hedged

    def require_one_way(self) -> None:
        """Of an order: its position side must be that of the account's mode."""
        side = self.params.text("positionSide") or "BOTH"
        if self.is_hedged or side != "BOTH":
            raise ApiError(-4061, "Order's position side does not match user's setting.")

    def require_cancels(self) -> None:
        if self.status is VenueStatus.SUSPENDED:
            raise ApiError(-4141, "Symbol is closed.")

    def of_one_or_all(self, one: Any) -> Any:
        """An object for `symbol`, a list without."""
        if "symbol" in self.params:
            return one(self.symbol())
        return [one(symbol) for symbol in self.venue.markets]
