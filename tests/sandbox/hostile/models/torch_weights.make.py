"""The zip file that torch.save writes for weights, with a call of os.system behind them."""

import io
import os
import pickle
import zipfile
from collections import OrderedDict
from typing import Any

from tests.sandbox.hostile.catalogue import Extras, model


class Evil:
    def __init__(self, marker: str) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return os.system, (f"echo here > {self.marker}",)


def extras(target: dict[str, Any]) -> Extras:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        weights = OrderedDict(layer=Evil(target["marker"]))
        archive.writestr("model/data.pkl", pickle.dumps(weights, protocol=2))
        archive.writestr("model/version", "3\n")
        archive.writestr("model/byteorder", "little")
    return model("model.pt", file.getvalue(), "PYTORCH")
