"""One request on its way through the face: what every endpoint is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from exchanges.simulator.clock import SimulatedClock
from exchanges.simulator.kraken.limits import Counters
from exchanges.simulator.kraken.names import Pair, find_symbol, pair
from exchanges.simulator.kraken.params import ApiError, Params
from exchanges.simulator.market import Market
from exchanges.simulator.records import Account, ApiKey, Permission
from exchanges.simulator.venue import Venue


@dataclass(slots=True)
class Call:
    venue: Venue
    params: Params
    counters: Counters
    clock: SimulatedClock
    key: ApiKey | None = None
    nonce_window: int = 0

    @property
    def now_ms(self) -> int:
        return self.venue.settled_ms

    @property
    def account(self) -> Account:
        if self.key is None:
            raise RuntimeError("a public endpoint has no account")
        return self.venue.accounts[self.key.account_id]

    def symbol(self) -> str:
        """Ours, from the parameter `pair`."""
        return self.find_symbol(self.params.required("pair"))

    def find_symbol(self, text: str) -> str:
        symbol = find_symbol(self.venue, text)
        if symbol is None:
            raise ApiError("EQuery:Unknown asset pair")
        return symbol

    def market(self) -> Market:
        return self.venue.markets[self.symbol()]

    def pair(self, symbol: str) -> Pair:
        return pair(self.venue.markets[symbol].listing)


@dataclass(frozen=True, slots=True)
class Endpoint:
    handler: Callable[[Call], Any]
    operation: str = "other"  # see exchanges.simulator.http
    cost: float = 1  # of the counter of REST calls
    permission: Permission | None = Permission.READ  # of private ones; None: any key may


def seconds(ms: int) -> float:
    """Unix time with four digits behind the second, as the venue has it."""
    return float(Decimal(ms) / 1000)
