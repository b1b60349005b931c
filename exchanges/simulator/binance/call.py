"""One request on its way through a face: what every endpoint is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from exchanges.base import VenueStatus
from exchanges.simulator.binance.limits import RateLimits
from exchanges.simulator.binance.params import SYMBOL, ApiError, Params
from exchanges.simulator.market import Market
from exchanges.simulator.records import Account, ApiKey, OrderSpec
from exchanges.simulator.simulator import Simulator
from exchanges.simulator.venue import Venue


class Security(StrEnum):
    """https://github.com/binance/binance-spot-api-docs/blob/master/rest-api.md#request-security"""

    NONE = "NONE"
    MARKET_DATA = "MARKET_DATA"  # of /sapi: with a key, not signed
    USER_DATA = "USER_DATA"
    TRADE = "TRADE"


@dataclass(slots=True)
class Call:
    simulator: Simulator
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

    @property
    def status(self) -> VenueStatus:
        return self.venue.status

    # --- what a margin account adds to spot's orders
    def completed(self, spec: OrderSpec) -> OrderSpec:
        return spec

    def shown(self, reply: dict[str, Any]) -> dict[str, Any]:
        return reply


def find_symbol(venue: Venue, text: str) -> str:
    for symbol in venue.markets:
        if venue_symbol(symbol) == text:
            return symbol
    raise ApiError(-1121, "Invalid symbol.")


def venue_symbol(symbol: str) -> str:
    return symbol.replace("/", "")


@dataclass(frozen=True, slots=True)
class Endpoint:
    handler: Callable[[Any], Any]  # takes the face's kind of `Call`
    weight: int | Callable[[Params], int]
    security: Security = Security.NONE
    params: str = ""  # the names that it reads
    operation: str = "other"  # one of http.OPERATIONS
    uid_weight: int | Callable[[Params], int] = 0  # of /sapi, counted by account

    @property
    def known_params(self) -> frozenset[str]:
        signed = "" if self.security in (Security.NONE, Security.MARKET_DATA) else " timestamp recvWindow signature"
        return frozenset((self.params + signed).split())


def weigh(weight: int | Callable[[Params], int], params: Params) -> int:
    return weight if isinstance(weight, int) else weight(params)
