"""Nested lists."""

from typing import Any

from tests.sandbox.hostile.catalogue import Extras


def extras(target: dict[str, Any]) -> Extras:
    return Extras(files={"data.json": b"[" * 100_000 + b"]" * 100_000}, models={"data": ("DATA", "DATA", "")})
