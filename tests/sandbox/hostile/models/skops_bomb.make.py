"""A skops file with an array of 300 MB of zeros, packed."""

import io
import zipfile
from typing import Any

import numpy as np
import skops.io

from tests.sandbox.hostile.catalogue import Extras, model

COUNT = 75_000_000


def extras(target: dict[str, Any]) -> Extras:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f4", "fortran_order": False, "shape": (COUNT,)})
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(skops.io.dumps({"array": np.zeros(3, dtype=np.float32)}))) as honest,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        for name in honest.namelist():
            if not name.endswith(".npy"):
                archive.writestr(name, honest.read(name))
                continue
            with archive.open(name, "w") as member:
                member.write(head.getvalue())
                for _ in range(COUNT * 4 // 10_000_000):
                    member.write(bytes(10_000_000))
    return model("model.skops", file.getvalue(), "SKLEARN")
