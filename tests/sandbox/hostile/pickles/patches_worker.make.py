"""A model that replaces what encodes a reply."""

import pickle
from typing import Any

from tests.sandbox.hostile.catalogue import Extras, model

CODE = """
import sys
sys.modules["bots.sandbox.wire"].encode_reply = lambda *_, **__: bytes(200)
"""


class Evil:
    def __reduce__(self) -> Any:
        return exec, (CODE,)


def extras(target: dict[str, Any]) -> Extras:
    return model("model.pkl", pickle.dumps(Evil()))
