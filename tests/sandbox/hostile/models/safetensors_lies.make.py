"""A safetensors file whose header promises more than the file has."""

import json
from typing import Any

from tests.sandbox.hostile.catalogue import Extras, model


def extras(target: dict[str, Any]) -> Extras:
    tensor = {"dtype": "F32", "shape": [2**31, 2**31], "data_offsets": [0, 2**64 - 1]}
    header = json.dumps({"layer": tensor}).encode()
    return model("model.safetensors", len(header).to_bytes(8, "little") + header + bytes(64), "PYTORCH")
