"""The zip file that torch.save writes, with a call of os.system."""

import io
import os
import pickle
import zipfile
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
        archive.writestr("model/data.pkl", pickle.dumps(Evil(target["marker"]), protocol=2))
        archive.writestr("model/version", "3\n")
        archive.writestr("model/byteorder", "little")
    return model("model.pt", file.getvalue(), "PYTORCH")
