"""An HDF5 file whose values lie in another file: HDF5 reads whatever file a data set names."""

import io
from typing import Any

import h5py

from tests.sandbox.hostile.catalogue import Extras


def extras(target: dict[str, Any]) -> Extras:
    file = io.BytesIO()
    with h5py.File(file, "w") as archive:
        archive.create_dataset("kernel", (39,), "u1", external=[(target["readable"], 0, 39)])
    return Extras(files={"data.bin": file.getvalue()}, models={"data": ("DATA", "DATA", "")})
