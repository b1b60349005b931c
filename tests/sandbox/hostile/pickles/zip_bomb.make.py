"""A zip file, as .npz and .skops are, of nulls."""

import io
import zipfile
from typing import Any

from tests.sandbox.hostile.catalogue import Extras, model


def extras(target: dict[str, Any]) -> Extras:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("schema.json", bytes(100_000_000))
    return model("model.skops", file.getvalue(), "SKLEARN")
