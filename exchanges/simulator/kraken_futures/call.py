"""One request on its way through the face: what every endpoint is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from exchanges.simulator.clock import SimulatedClock
from exchanges.simulator.kraken_futures.names import OrderIndex, contract, find_symbol
from exchanges.simulator.kraken_futures.params import Params, invalid
from exchanges.simulator.market import Market
from exchanges.simulator.records import Account, ApiKey, Permission
from exchanges.simulator.venue import Venue


@dataclass(slots=True)
class Call:
    venue: Venue
    params: Params
    clock: SimulatedClock
    index: OrderIndex
    place: dict[str, str]  # what stands in the path
    key: ApiKey | None = None

    @property
    def now_ms(self) -> int:
        return self.venue.settled_ms

    @property
    def account(self) -> Account:
        if self.key is None:
            raise RuntimeError("a public endpoint has no account")
        return self.venue.accounts[self.key.account_id]

    def symbol(self, text: str | None = None) -> str:
        """Ours, by default from the parameter `symbol`."""
        found = find_symbol(self.venue, self.params.required("symbol") if text is None else text)
        if found is None:
            raise invalid("symbol")
        return found

    def market(self, text: str | None = None) -> Market:
        return self.venue.markets[self.symbol(text)]

    def contract(self, symbol: str) -> str:
        return contract(self.venue.markets[symbol].listing)


Cost = float | Callable[[Params], float]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`permission`: that a key needs; None of what is public. What it costs the trading API's or the history's pool."""

    handler: Callable[[Call], Any]
    operation: str = "other"  # see exchanges.simulator.http
    permission: Permission | None = None
    cost: Cost = 0

    def cost_of(self, params: Params) -> float:
        return self.cost if isinstance(self.cost, int | float) else self.cost(params)
