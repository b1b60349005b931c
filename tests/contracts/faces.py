"""Where each exchange is played: a simulator's face, and what the suite needs to move its market and break its line.

An exchange from outside this repository brings its own: `--face NAME=module:function`, see docs/add-an-exchange.md.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from exchanges.base import MarginMode, MarketType
from exchanges.simulator.testing import running_simulator


@dataclass(frozen=True)
class FaceKey:
    api_key: str
    api_secret: str
    passphrase: str = ""


class Face(Protocol):
    """A running venue. Its clock stands still until `advance`."""

    symbol: str  # a pair that every account type of the exchange trades
    ca_file: str  # of the authority that its https URLs are certified by; empty where it has none

    def urls(self) -> dict[str, str]:
        """As `ExchangeFactory.override_url` takes them, by network: "live", "live futures", ..."""

    def key(self, market_type: MarketType, label: str = "trader-1") -> FaceKey:
        """Labels: trader-1 (reads and trades), read-only, withdrawals (may move funds out)."""

    def now(self) -> datetime: ...

    def advance(self, *, minutes: float) -> None: ...

    def price(self) -> Decimal: ...

    def set_price(self, price: Decimal) -> None: ...

    def ledger(self, market_type: MarketType, margin_mode: MarginMode | None) -> set[tuple[Any, ...]]:
        """Fills of trader-1 in the venue's own books: (client order id, side, price, quantity, fee, fee asset)."""

    def fault(self, market_type: MarketType, operation: str, kind: str, **options: Any) -> None:
        """The next requests of that kind go wrong (docs/simulator.md). NotImplementedError where it has no faults."""


class SimulatedFace:
    """One of the simulator's own venues."""

    def __init__(self, simulator: Any, exchange: str) -> None:
        self._simulator = simulator
        self._exchange = exchange
        self.ca_file: str = simulator.ca_file
        self.symbol = "BTC/USDT" if exchange == "BINANCE" else "BTC/USD"

    def _endpoint(self, market_type: MarketType) -> str:
        if self._exchange == "KRAKEN" and market_type is MarketType.FUTURES:
            return "kraken_futures"
        return self._exchange.lower()

    def urls(self) -> dict[str, str]:
        return {
            f"{network}{'' if market_type is MarketType.SPOT else f' {market_type}'}": self._simulator.urls[
                self._endpoint(market_type)
            ]
            for network in ("live", "testnet")
            for market_type in MarketType
        }

    def key(self, market_type: MarketType, label: str = "trader-1") -> FaceKey:
        key = self._simulator.keys_of(self._endpoint(market_type))[label]
        return FaceKey(key.api_key, key.api_secret, key.passphrase)

    def now(self) -> datetime:
        return self._simulator.now()

    def advance(self, *, minutes: float) -> None:
        self._simulator.advance(minutes=minutes)

    def price(self) -> Decimal:
        return self._simulator.price(self.symbol)

    def set_price(self, price: Decimal) -> None:
        self._simulator.set_price(self.symbol, price)

    def ledger(self, market_type: MarketType, margin_mode: MarginMode | None) -> set[tuple[Any, ...]]:
        api_key = self.key(market_type).api_key
        return fills_in(self._simulator.ledger(api_key)["accounts"])

    def fault(self, market_type: MarketType, operation: str, kind: str, **options: Any) -> None:
        name = self._endpoint(market_type)
        if name == "binance" and market_type is not MarketType.SPOT:
            name = f"binance_{market_type}"
        self._simulator.fault(kind, name, operation, **options)


def fills_in(accounts: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    """The fills in a ledger of the simulator, each with the client order id of its order."""
    found = set()
    for account in accounts:
        ids = {(order["symbol"], order["order_id"]): order["client_order_id"] for order in account["orders"]}
        for fill in account["fills"]:
            figures = (Decimal(fill[name]) for name in ("price", "quantity", "fee"))
            found.add((ids[fill["symbol"], fill["order_id"]], fill["side"], *figures, fill["fee_asset"]))
    return found


def _simulated(exchange: str) -> Callable[[], AbstractContextManager[Face]]:
    @contextmanager
    def run() -> Iterator[Face]:
        with running_simulator() as simulator:
            for face in simulator.server.faces:
                if counters := getattr(face, "counters", None):
                    counters.is_counting = False  # the cases do in a second what Kraken allows in minutes
            yield SimulatedFace(simulator, exchange)

    return run


FACES: dict[str, Callable[[], AbstractContextManager[Face]]] = {
    name: _simulated(name) for name in ("BINANCE", "COINBASE", "COINBASE_EXCHANGE", "KRAKEN")
}


def add_face(option: str) -> None:
    """`NAME=module:function`; the function returns a context manager that yields a Face."""
    name, _, place = option.partition("=")
    module, _, function = place.partition(":")
    FACES[name.upper()] = getattr(importlib.import_module(module), function)
