"""A model that is the content of a file."""

import pickle
from typing import Any

from tests.sandbox.hostile.catalogue import Extras, model


class Evil:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return eval, (f"open({self.path!r}).read()",)


def extras(target: dict[str, Any]) -> Extras:
    return model("model.pkl", pickle.dumps(Evil(target["readable"])))
