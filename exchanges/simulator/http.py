"""What a face and the HTTP server say to each other.

A face is a plain object: request in, reply out, no network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: str  # as it was sent, still percent-encoded: signatures are made over it
    body: str
    headers: Mapping[str, str]  # names in any case
    address: str


@dataclass(slots=True)
class Reply:
    status: int
    body: Any  # JSON value, or text
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FaceOptions:
    """What whoever starts the server may say about all faces. None: as the venue has it."""

    weight_per_minute: int | None = None  # of Binance's faces


class Face(Protocol):
    """One venue's wire format, on one venue's books."""

    name: str
    prefixes: tuple[str, ...]  # the paths that are its own, at its endpoint

    def handle(self, request: Request) -> Reply: ...

    def operation(self, request: Request) -> str:
        """What the request means, whatever its path: one of `OPERATIONS`."""
        ...

    def error(self, kind: str) -> Reply:
        """The venue's own words for one of `ERRORS`."""
        ...


OPERATIONS = (
    "submit",
    "cancel",
    "get_order",
    "open_orders",
    "fills",
    "balances",
    "positions",
    "candles",
    "price",
    "instruments",
    "time",
    "status",
    "permissions",
    "leverage",
    "funding",
    "other",
)
ERRORS = ("server_error", "too_many_requests", "banned", "market_suspended", "cancel_only")
