"""What torch.save wrote before it wrote zip files: pickles in a row, the last of them a call of os.system."""

import os
import pickle
from typing import Any

from tests.sandbox.hostile.catalogue import Extras, model

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
SYSTEM = {"protocol_version": PROTOCOL, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}


class Evil:
    def __init__(self, marker: str) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return os.system, (f"echo here > {self.marker}",)


def extras(target: dict[str, Any]) -> Extras:
    parts = (MAGIC, PROTOCOL, SYSTEM, Evil(target["marker"]), [])
    return model("model.pth", b"".join(pickle.dumps(part, 2) for part in parts), "PYTORCH")
