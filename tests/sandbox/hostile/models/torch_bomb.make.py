"""PyTorch weights of 300 MB of zeros, packed as PyTorch itself never does."""

import io
import pickle
import zipfile
from typing import Any

import torch

from tests.sandbox.hostile.catalogue import Extras, model

COUNT = 300_000_000


class Storage:
    """Stands for the one record."""


class Tensor:
    def __reduce__(self) -> Any:
        return torch._utils._rebuild_tensor_v2, (Storage(), 0, (COUNT,), (1,), False, {})


class Pickler(pickle.Pickler):
    def persistent_id(self, each: Any) -> Any:
        return ("storage", torch.ByteStorage, "0", "cpu", COUNT) if isinstance(each, Storage) else None


def extras(target: dict[str, Any]) -> Extras:
    pickled, file = io.BytesIO(), io.BytesIO()
    Pickler(pickled, protocol=2).dump({"layer": Tensor()})
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("model/data.pkl", pickled.getvalue())
        archive.writestr("model/version", "3\n")
        archive.writestr("model/byteorder", "little")
        with archive.open("model/data/0", "w") as record:
            for _ in range(COUNT // 10_000_000):
                record.write(bytes(10_000_000))
    return model("model.pt", file.getvalue(), "PYTORCH")
