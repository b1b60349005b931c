"""One request on its way through the face: what every endpoint is given."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

from exchanges.simulator.coinbase_exchange.wire import product_id
from exchanges.simulator.history import parse_time
from exchanges.simulator.http import Request
from exchanges.simulator.market import Market
from exchanges.simulator.records import Account, ApiKey
from exchanges.simulator.venue import Venue


class ApiError(Exception):
    """An error reply, which is an HTTP status and a sentence."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.message = message


@dataclass(slots=True)
class Call:
    venue: Venue
    request: Request
    rest: str = ""  # what stands in the path for {}
    key: ApiKey | None = None
    headers: dict[str, str] = field(default_factory=dict)  # of the reply
    query: dict[str, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.query = parse_qs(self.request.query)
        self.rest = unquote(self.rest)

    @property
    def now_ms(self) -> int:
        return self.venue.settled_ms

    @property
    def account(self) -> Account:
        if self.key is None:
            raise RuntimeError("a public endpoint has no account")
        return self.venue.accounts[self.key.account_id]

    def text(self, name: str) -> str | None:
        return self.query.get(name, [None])[0]

    def texts(self, name: str) -> list[str]:
        return self.query.get(name, [])

    def integer(self, name: str, default: int) -> int:
        text = self.text(name)
        if text is None:
            return default
        if not text.isdigit():
            raise ApiError(f"Invalid {name}")
        return int(text)

    def moment_ms(self, name: str) -> int | None:
        text = self.text(name)
        if text is None:
            return None
        try:
            return parse_time(text)
        except ValueError as error:
            raise ApiError(f"Invalid {name}") from error

    def market(self) -> Market:
        return find_market(self.venue, self.rest)

    def body(self) -> dict[str, Any]:
        try:
            body = json.loads(self.request.body)
        except json.JSONDecodeError as error:
            raise ApiError("Invalid JSON") from error
        if not isinstance(body, dict):
            raise ApiError("Invalid JSON")
        return body


def find_market(venue: Venue, text: Any, status: int = 404) -> Market:
    for symbol, market in venue.markets.items():
        if product_id(symbol) == text:
            return market
    raise ApiError("NotFound" if status == 404 else "Product not found", status)
