"""Parameters and errors of Binance's REST API.

Codes and messages: https://github.com/binance/binance-spot-api-docs/blob/master/errors.md. Binance checks
parameters by regular expression before it reads them and names the expression in its reply; so does this.
"""

from __future__ import annotations

import re
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar
from urllib.parse import parse_qsl

DECIMAL = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
INTEGER = r"^[0-9]{1,20}$"
SYMBOL = r"^[A-Z0-9-_.]{1,20}$"
CLIENT_ID = r"^[a-zA-Z0-9-_]{1,36}$"
ASSET_PRECISION = 8


class ApiError(Exception):
    """An error reply: {"code": ..., "msg": ...} with an HTTP status."""

    def __init__(self, code: int, msg: str, status: int = 400, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{code} {msg}")
        self.code = code
        self.msg = msg
        self.status = status
        self.headers = headers or {}


def filter_failure(name: str) -> ApiError:
    return ApiError(-1013, f"Filter failure: {name}")


def missing(name: str) -> ApiError:
    return ApiError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def not_required(name: str) -> ApiError:
    return ApiError(-1106, f"Parameter '{name}' sent when not required.")


E = TypeVar("E", bound=StrEnum)


class Params:
    """The parameters of one request, from the query and the body together; the query wins."""

    def __init__(self, query: str, body: str) -> None:
        self._values: dict[str, str] = {}
        for text in (body, query):
            pairs = parse_qsl(text, keep_blank_values=True)
            if len({name for name, _ in pairs}) < len(pairs):
                raise ApiError(-1101, "Duplicate values for a parameter detected.")
            self._values.update(pairs)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def require_known(self, known: frozenset[str]) -> None:
        unread = [name for name in self._values if name not in known]
        if unread:
            count = len(self._values)
            raise ApiError(
                -1104,
                f"Not all sent parameters were read; read '{count - len(unread)}' parameter(s) but was sent '{count}'.",
            )

    def text(self, name: str, pattern: str | None = None) -> str | None:
        value = self._values.get(name)
        if value is None:
            return None
        if value == "":
            raise ApiError(-1105, f"Parameter '{name}' was empty.")
        if pattern and not re.fullmatch(pattern.strip("^$"), value):
            raise ApiError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{pattern}'.")
        return value

    def required_text(self, name: str, pattern: str | None = None) -> str:
        if not self._values.get(name):
            raise missing(name)
        value = self.text(name, pattern)
        if value is None:
            raise missing(name)
        return value

    def integer(self, name: str) -> int | None:
        value = self.text(name, INTEGER)
        return None if value is None else int(value)

    def required_integer(self, name: str) -> int:
        value = self.integer(name) if self._values.get(name) else None
        if value is None:
            raise missing(name)
        return value

    def decimal(self, name: str) -> Decimal | None:
        value = self.text(name, DECIMAL)
        if value is None:
            return None
        if len(value.partition(".")[2].rstrip("0")) > ASSET_PRECISION:
            raise ApiError(-1111, f"Parameter '{name}' has too much precision.")
        return Decimal(value)

    def choice(self, name: str, choices: type[E], error: ApiError) -> E | None:
        value = self.text(name)
        if value is None:
            return None
        if value not in choices.__members__:
            raise error
        return choices[value]

    def flag(self, name: str) -> bool:
        value = self.text(name, "^true|false|TRUE|FALSE$")
        return value is not None and value.lower() == "true"

    def limit(self, default: int, maximum: int) -> int:
        value = self.integer("limit")
        if value is None:
            return default
        if value < 1:
            raise ApiError(-1130, "Data sent for parameter 'limit' is not valid.")
        return min(value, maximum)
