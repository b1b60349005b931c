"""A compiled library."""

from typing import Any

from tests.sandbox.hostile.catalogue import Extras, small_library


def extras(target: dict[str, Any]) -> Extras:
    return Extras(files={"native.so": small_library()}, models={"native": ("DATA", "NATIVE", "")})
