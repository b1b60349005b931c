"""mov eax, 20 (getpid in 32 bits); int 0x80; ret."""

from typing import Any

from tests.sandbox.hostile.catalogue import Extras

CODE = b"\xb8\x14\x00\x00\x00\xcd\x80\xc3"


def extras(target: dict[str, Any]) -> Extras:
    return Extras(files={"weights.bin": CODE.ljust(4096, b"\0")}, models={"weights": ("WEIGHTS", "WEIGHTS", "")})
