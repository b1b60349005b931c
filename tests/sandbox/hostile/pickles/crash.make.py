"""A model that reads where nothing is."""

import ctypes
import pickle
from typing import Any

from tests.sandbox.hostile.catalogue import Extras, model


class Evil:
    def __reduce__(self) -> Any:
        return ctypes.string_at, (1,)


def extras(target: dict[str, Any]) -> Extras:
    return model("model.pkl", pickle.dumps(Evil()))
