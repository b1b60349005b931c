"""One request on its way through the face: what every endpoint is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from exchanges.simulator.binance_spot.limits import RateLimits
from exchanges.simulator.binance_spot.params import SYMBOL, ApiError, Params
from exchanges.simulator.binance_spot.wire import venue_symbol
from exchanges.simulator.market import Market
from exchanges.simulator.records import Account, ApiKey
from exchanges.simulator.venue import Venue


class Security(StrEnum):
    """https://github.com/binance/binance-spot-api-docs/blob/master/rest-api.md#request-security"""

    NONE = "NONE"
    USER_DATA = "USER_DATA"
    TRADE = "TRADE"


@dataclass(slots=True)
class Call:
    venue: Venue
    params: Params
    limits: RateLimits
    key: ApiKey | None = None
    headers: dict[str, str] = field(default_factory=dict)  # of the reply

    @property
    def now_ms(self) -> int:
        return self.venue.settled_ms

    @property
    def account(self) -> Account:
        if self.key is None:
            raise RuntimeError("a public endpoint has no account")
        return self.venue.accounts[self.key.account_id]

    def symbol(self) -> str:
        """Ours, from the parameter `symbol`."""
        return find_symbol(self.venue, self.params.required_text("symbol", SYMBOL))

    def market(self) -> Market:
        return self.venue.markets[self.symbol()]


def find_symbol(venue: Venue, text: str) -> str:
    for symbol in venue.markets:
        if venue_symbol(symbol) == text:
            return symbol
    raise ApiError(-1121, "Invalid symbol.")


@dataclass(frozen=True, slots=True)
class Endpoint:
    handler: Callable[[Call], Any]
    weight: int | Callable[[Params], int]
    security: Security = Security.NONE
    params: str = ""  # the names that it reads

    @property
    def known_params(self) -> frozenset[str]:
        signed = "" if self.security is Security.NONE else " timestamp recvWindow signature"
        return frozenset((self.params + signed).split())
