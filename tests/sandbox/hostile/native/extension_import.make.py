"""An extension under its own name."""

from typing import Any

from tests.sandbox.hostile.catalogue import Extras, small_library


def extras(target: dict[str, Any]) -> Extras:
    return Extras(files={"byteswap.so": small_library()}, models={"byteswap": ("DATA", "NATIVE", "")})
