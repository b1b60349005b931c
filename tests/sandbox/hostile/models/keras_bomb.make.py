"""A Keras file whose configuration is 300 MB of spaces, packed."""

import io
import zipfile
from typing import Any

from tests.sandbox.hostile.catalogue import Extras, model


def extras(target: dict[str, Any]) -> Extras:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("config.json", "w") as member:
            for _ in range(30):
                member.write(b" " * 10_000_000)
        archive.writestr("metadata.json", "{}")
        archive.writestr("model.weights.h5", b"")
    return model("model.keras", file.getvalue(), "KERAS")
