"""Parameters and errors of Kraken's REST API.

Errors come with HTTP 200 as texts in `error`: https://docs.kraken.com/api/docs/guides/spot-errors
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl


class ApiError(Exception):
    """An error reply: {"error": [...]}."""

    def __init__(self, *errors: str) -> None:
        super().__init__(", ".join(errors))
        self.errors = errors


def invalid(name: str) -> ApiError:
    return ApiError(f"EGeneral:Invalid arguments:{name}")


class Params:
    """Of one request: from the query (public), or from a form or a JSON object in the body (private)."""

    def __init__(self, text: str) -> None:
        self._values = _read(text)

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) not in (None, "")

    def names(self) -> list[str]:
        return list(self._values)

    def text(self, name: str) -> str | None:
        value = self._values.get(name)
        return None if value in (None, "") else str(value)

    def required(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise invalid(name)
        return value

    def flag(self, name: str) -> bool:
        """Clients write `true`, `True`, `1`, and for no `false` or `False`: python-kraken-sdk sends these."""
        value = self.text(name)
        if value is None or value.lower() in ("false", "0", "none"):
            return False
        if value.lower() in ("true", "1"):
            return True
        raise invalid(name)

    def integer(self, name: str) -> int | None:
        value = self.text(name)
        if value is None:
            return None
        try:
            return int(Decimal(value))
        except (InvalidOperation, ValueError, OverflowError):
            raise invalid(name) from None

    def decimal(self, name: str) -> Decimal | None:
        value = self.text(name)
        return None if value is None else number(value, name)

    def list(self, name: str) -> list[str]:
        return [part.strip() for part in (self.text(name) or "").split(",") if part.strip()]


def number(text: str, name: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise invalid(name) from None
    if not value.is_finite() or value < 0:
        raise invalid(name)
    return value


def _read(text: str) -> dict[str, Any]:
    if text.lstrip().startswith("{"):
        try:
            values = json.loads(text, parse_float=str, parse_int=str)
        except ValueError:
            raise ApiError("EGeneral:Invalid arguments") from None
        return dict(values)
    return dict(parse_qsl(text, keep_blank_values=True))
