"""A model that is ten seconds of sleep."""

import pickle
import time
from typing import Any

from tests.sandbox.hostile.catalogue import Extras, model


class Evil:
    def __reduce__(self) -> Any:
        return time.sleep, (10,)


def extras(target: dict[str, Any]) -> Extras:
    return model("model.pkl", pickle.dumps(Evil()))
