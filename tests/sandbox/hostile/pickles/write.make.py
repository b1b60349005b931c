"""A model that is a piece of Python code."""

import pickle
from typing import Any

from tests.sandbox.hostile.catalogue import Extras, model


class Evil:
    def __init__(self, marker: str) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return exec, (f"open({self.marker!r}, 'w').close()",)


def extras(target: dict[str, Any]) -> Extras:
    return model("model.pkl", pickle.dumps(Evil(target["marker"])))
