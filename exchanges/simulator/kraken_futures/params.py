"""Parameters and errors of Kraken Futures' APIs.

Parameters stand in the query or in a form in the body. Of errors there are several shapes: `ApiError` is the one of
most, with HTTP 200; `BadRequest` is for requests that cannot be read; history and keys have their own.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl


class FaceError(Exception):
    """An error reply. `body` gets the venue's time along, where its section of the API tells it."""

    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        super().__init__(f"HTTP {status} {body}")
        self.status = status
        self.body = body
        self.headers = headers or {}


class ApiError(FaceError):
    """`{"result":"error","error":"authenticationError",...}`"""

    def __init__(self, word: str) -> None:
        super().__init__(200, {"result": "error", "error": word})


class BadRequest(FaceError):
    """`{"status":"BAD_REQUEST","result":"error","errors":[{"code":11,"message":"invalid order type"}],...}`"""

    def __init__(self, code: int, message: str) -> None:
        errors = [{"code": code, "message": message}]
        super().__init__(400, {"status": "BAD_REQUEST", "result": "error", "errors": errors})


class NotHere(FaceError):
    def __init__(self) -> None:
        errors = [{"code": 404, "message": "Not Found"}]
        super().__init__(404, {"status": "NOT_FOUND", "result": "error", "errors": errors})


class HistoryUnauthorized(FaceError):
    def __init__(self) -> None:
        reason = "You are not authorized to access this endpoint."
        super().__init__(401, {"status": "unauthorized", "reason": reason})


class KeyUnauthorized(FaceError):
    """Of the API of keys."""

    def __init__(self) -> None:
        super().__init__(401, {"error": "Unauthorized", "message": "Invalid API key", "suberror": None})


def missing(name: str) -> ApiError:
    return ApiError(f"requiredArgumentMissing: {name}")


def invalid(name: str) -> ApiError:
    return ApiError(f"invalidArgument: {name}")


class Params:
    """Of one request; a name may come several times."""

    def __init__(self, query: str, body: str) -> None:
        self._values: dict[str, list[str]] = {}
        for text in (query, body):
            for name, value in parse_qsl(text, keep_blank_values=True):
                self._values.setdefault(name, []).append(value)

    def text(self, name: str) -> str | None:
        value = self._values.get(name, [""])[-1]
        return value or None

    def required(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise missing(name)
        return value

    def list(self, name: str) -> list[str]:
        """Repeated, or with commas."""
        return [part for value in self._values.get(name, []) for part in value.split(",") if part]

    def flag(self, name: str) -> bool:
        value = (self.text(name) or "false").lower()
        if value not in ("true", "false"):
            raise invalid(name)
        return value == "true"

    def integer(self, name: str) -> int | None:
        value = self.text(name)
        if value is None:
            return None
        try:
            return int(Decimal(value))
        except (InvalidOperation, ValueError, OverflowError):
            raise invalid(name) from None

    def positive(self, name: str) -> Decimal | None:
        value = self.text(name)
        if value is None:
            return None
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise invalid(name) from None
        if not number.is_finite() or number <= 0:
            raise invalid(name)
        return number

    def moment_ms(self, name: str) -> int | None:
        """An instant as ISO 8601 or in milliseconds."""
        value = self.text(name)
        if value is None:
            return None
        if value.isdigit():
            return int(value)
        try:
            when = datetime.fromisoformat(value)
        except ValueError:
            raise invalid(name) from None
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        return round(when.timestamp() * 1000)


def iso(ms: int) -> str:
    """`2026-01-05T12:00:30.123Z`"""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def number(value: Decimal) -> int | float:
    """As JSON: the trading API sends figures as numbers."""
    return int(value) if value == value.to_integral_value() else float(value)


def text(value: Decimal) -> str:
    """Without an exponent and trailing zeros: the history API sends figures as texts."""
    return f"{value.normalize():f}" if value else "0"
