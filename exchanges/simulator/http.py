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


class Face(Protocol):
    """One venue's wire format, on one venue's books."""

    name: str
    prefixes: tuple[str, ...]  # the paths that are its own

    def handle(self, request: Request) -> Reply: ...
