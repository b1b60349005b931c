"""A small file of a large array."""

import zlib
from typing import Any

from tests.sandbox.hostile.catalogue import Extras, model

# A pickle that is one bytes object of 400 MB: BINBYTES8, then the end.
HEAD, TAIL = b"\x80\x04\x8e" + (400_000_000).to_bytes(8, "little"), b"."


def extras(target: dict[str, Any]) -> Extras:
    packer = zlib.compressobj(1)
    parts = [packer.compress(HEAD), *(packer.compress(bytes(10_000_000)) for _ in range(40)), packer.compress(TAIL)]
    return model("model.joblib", b"".join(parts) + packer.flush(), "SKLEARN")
