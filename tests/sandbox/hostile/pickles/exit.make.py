"""A model that is a call of os._exit."""

import os
import pickle
from typing import Any

from tests.sandbox.hostile.catalogue import Extras, model


class Evil:
    def __reduce__(self) -> Any:
        return os._exit, (0,)


def extras(target: dict[str, Any]) -> Extras:
    return model("model.pkl", pickle.dumps(Evil()))
