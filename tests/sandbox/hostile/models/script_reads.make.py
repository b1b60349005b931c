"""TorchScript whose forward maps a file, which is among the operations that TorchScript has."""

import io
import warnings
from typing import Any

import torch

from tests.sandbox.hostile.catalogue import Extras, model


class Reader(torch.nn.Module):
    def __init__(self, path: str, count: int) -> None:
        super().__init__()
        self.path = path
        self.count = count

    def forward(self) -> torch.Tensor:
        return torch.from_file(self.path, False, self.count, dtype=torch.uint8)


def extras(target: dict[str, Any]) -> Extras:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(Reader(target["readable"], 39)), file)
    return model("model.pt", file.getvalue(), "PYTORCH")
