"""TorchScript whose forward saves a tensor, which is among the operations that TorchScript has."""

import io
import warnings
from typing import Any

import torch

from tests.sandbox.hostile.catalogue import Extras, model


class Writer(torch.nn.Module):
    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        torch.save(x, self.path)
        return x


def extras(target: dict[str, Any]) -> Extras:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(Writer(target["marker"])), file)
    return model("model.pt", file.getvalue(), "PYTORCH")
