"""TorchScript that never ends."""

import io
import warnings
from typing import Any

import torch

from tests.sandbox.hostile.catalogue import Extras, model


class Endless(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        while bool(torch.all(x < 1e30)):
            x = x * 1.0
        return x


def extras(target: dict[str, Any]) -> Extras:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(Endless()), file)
    return model("model.pt", file.getvalue(), "PYTORCH")
