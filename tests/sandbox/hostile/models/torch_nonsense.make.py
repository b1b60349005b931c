"""TorchScript whose code, constants and data are cut off in the middle."""

import io
import zipfile
from typing import Any

from tests.sandbox.hostile.catalogue import Extras, model


def extras(target: dict[str, Any]) -> Extras:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("model/data.pkl", b"\x80\x02c__torch__\nModule\nq\x00)\x81}(X\xff\xff\xff\x7f")
        archive.writestr("model/constants.pkl", b"\x80\x02(\x8a\xff")
        archive.writestr("model/code/__torch__.py", "class Module(Module):\n  " + "(" * 100_000)
        archive.writestr("model/version", "99999999999999999999\n")
    return model("model.pt", file.getvalue(), "PYTORCH")
