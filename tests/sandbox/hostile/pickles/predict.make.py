"""A scikit-learn transformer whose function is os.system."""

import io
from typing import Any

import joblib
from sklearn.preprocessing import FunctionTransformer

from tests.sandbox.hostile.catalogue import Extras, model


class Command:
    def __init__(self, marker: str) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return eval, (f"lambda _: __import__('os').system('echo here > {self.marker}')",)


def extras(target: dict[str, Any]) -> Extras:
    file = io.BytesIO()
    joblib.dump(FunctionTransformer(Command(target["marker"])), file)
    return model("model.joblib", file.getvalue(), "SKLEARN")
