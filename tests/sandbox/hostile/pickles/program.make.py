"""A model that is a call of subprocess.Popen."""

import pickle
import subprocess
from typing import Any

from tests.sandbox.hostile.catalogue import Extras, model


class Evil:
    def __init__(self, marker: str) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return subprocess.Popen, (["/usr/bin/touch", self.marker],)


def extras(target: dict[str, Any]) -> Extras:
    return model("model.pkl", pickle.dumps(Evil(target["marker"])))
