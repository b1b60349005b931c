"""One request on its way through the face: what every endpoint is given."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from exchanges.simulator.coinbase.wire import product_id
from exchanges.simulator.history import parse_time
from exchanges.simulator.http import Request
from exchanges.simulator.market import Market
from exchanges.simulator.records import Account, ApiKey
from exchanges.simulator.venue import Venue


class ApiError(Exception):
    """An error reply of the one shape that Advanced Trade has."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.body = {"error": code, "error_details": message, "message": message}


def invalid(message: str) -> ApiError:
    return ApiError(400, "INVALID_ARGUMENT", message)


def not_found(message: str) -> ApiError:
    return ApiError(404, "NOT_FOUND", message)


@dataclass(slots=True)
class Call:
    venue: Venue
    request: Request
    rest: str = ""  # what stands in the path for {}
    key: ApiKey | None = None
    query: dict[str, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.query = parse_qs(self.request.query)

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
            raise invalid(f"{name} must be a number")
        return int(text)

    def moment_ms(self, name: str) -> int | None:
        text = self.text(name)
        if text is None:
            return None
        try:
            return parse_time(text)
        except ValueError as error:
            raise invalid(f"{name} is no time") from error

    def market(self, name: str | None = None) -> Market:
        """Of the product that the path names, or the parameter of that name."""
        return find_market(self.venue, self.rest if name is None else self.text(name))

    def body(self) -> dict[str, Any]:
        try:
            body = json.loads(self.request.body or "{}")
        except json.JSONDecodeError as error:
            raise invalid("the body is no JSON") from error
        if not isinstance(body, dict):
            raise invalid("the body is no JSON object")
        return body


def find_market(venue: Venue, text: Any) -> Market:
    for symbol, market in venue.markets.items():
        if product_id(symbol) == text:
            return market
    raise not_found("valid product_id is required")
