"""Kraken Futures' face without a network: signed requests go straight to it. Its clock stands still."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from exchanges.simulator.history import parse_time
from exchanges.simulator.http import FaceOptions, Reply, Request
from exchanges.simulator.kraken_futures.face import KrakenFutures, make_face
from exchanges.simulator.kraken_futures.security import sign
from exchanges.simulator.records import Account, ApiKey, Permission
from exchanges.simulator.simulator import Settings, open_simulator
from exchanges.simulator.venue import Venue

TRADING, HISTORY, CHARTS = "/derivatives/api/v3", "/api/history/v3", "/api/charts/v1"
KEY_CHECK = "/api/auth/v1/api-keys/v3/check"
PERMISSIONS = {
    "trader": [Permission.READ, Permission.TRADE],
    "reader": [Permission.READ],
    "mover": [Permission.READ, Permission.TRADE, Permission.WITHDRAW],
}


class Desk:
    def __init__(self, start: str = "2025-03-03T12:00:00Z") -> None:
        self.simulator = open_simulator(Settings(seed=7, speed=0, start_ms=parse_time(start)))
        self.venue: Venue = self.simulator.venues["kraken_futures"]
        self.face: KrakenFutures = make_face(self.simulator, FaceOptions())
        self.face.counters.is_counting = False
        self.keys = {name: self.open_account(name, permissions) for name, permissions in PERMISSIONS.items()}

    def open_account(self, name: str, permissions: list[Permission], money: int = 100_000) -> ApiKey:
        balances = {"USD": Decimal(money)}
        return self.simulator.open_account(self.venue, name, balances, permissions, seed_text=f"{name} {money}")

    @property
    def account(self) -> Account:
        return self.venue.accounts[self.keys["trader"].account_id]

    # --- requests
    def ask(self, method: str, path: str, *, key: ApiKey | str | None = "trader", **parameters: Any) -> Reply:
        """With `key` None unsigned. The parameters go into the query."""
        encoded = urlencode(parameters, doseq=True)
        headers = {}
        if key is not None:
            found = self.keys[key] if isinstance(key, str) else key
            headers = {"APIKey": found.api_key, "Authent": sign(found.api_secret, path, encoded)}
        return self.send(Request(method, path, encoded, "", headers, "127.0.0.1"))

    def send(self, request: Request) -> Reply:
        self.simulator.settle()
        return self.face.handle(request)

    def get(self, path: str, **parameters: Any) -> Any:
        """The body of a public or private read."""
        key = None if path.startswith((CHARTS, f"{TRADING}/tickers", f"{TRADING}/instruments")) else "trader"
        return self.ask("GET", path, key=parameters.pop("key", key), **parameters).body

    def post(self, endpoint: str, **parameters: Any) -> Any:
        return self.ask("POST", f"{TRADING}/{endpoint}", **parameters).body

    def order(self, kind: str = "mkt", side: str = "buy", size: Any = "0.5", **more: Any) -> Any:
        """`sendStatus` of a new order."""
        body = self.post("sendorder", orderType=kind, symbol="PF_XBTUSD", side=side, size=size, **more)
        return body["sendStatus"]

    # --- the world
    @property
    def price(self) -> Decimal:
        self.simulator.settle()
        return self.venue.price_of("BTC/USD")

    def near(self, factor: str) -> str:
        """A price in whole ticks."""
        return str(int(self.price * Decimal(factor)))

    def advance(self, *, minutes: float = 0, seconds: float = 0) -> None:
        self.simulator.clock.advance(minutes * 60 + seconds)
        self.simulator.settle()

    def set_price(self, factor: str) -> None:
        self.simulator.force_price("BTC/USD", Decimal(self.near(factor)), "kraken_futures")
