"""A scikit-learn model file with something in the middle."""

import io
import os
from typing import Any

import joblib
import numpy as np

from tests.sandbox.hostile.catalogue import Extras, model


class Evil:
    def __init__(self, marker: str) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return os.system, (f"echo here > {self.marker}",)


def extras(target: dict[str, Any]) -> Extras:
    file = io.BytesIO()
    joblib.dump([np.ones(1000), Evil(target["marker"]), np.ones(1000)], file)
    return model("model.joblib", file.getvalue(), "SKLEARN")
