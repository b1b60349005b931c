"""Machine code that returns 42, as the weights of a model."""

import os
from typing import Any

from tests.sandbox.hostile.catalogue import Extras

CODE = {"x86_64": b"\xb8\x2a\x00\x00\x00\xc3", "aarch64": b"\x40\x05\x80\x52\xc0\x03\x5f\xd6"}


def extras(target: dict[str, Any]) -> Extras:
    code = CODE[os.uname().machine].ljust(4096, b"\0")
    return Extras(files={"weights.bin": code}, models={"weights": ("WEIGHTS", "WEIGHTS", "")})
