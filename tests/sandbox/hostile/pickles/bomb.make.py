"""A model that is a gigabyte of nulls."""

import pickle
from typing import Any

from tests.sandbox.hostile.catalogue import Extras, model


class Evil:
    def __reduce__(self) -> Any:
        return bytearray, (1_000_000_000,)


def extras(target: dict[str, Any]) -> Extras:
    return model("model.pkl", pickle.dumps(Evil()))
