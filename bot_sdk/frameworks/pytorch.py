"""PyTorch: weights of `torch.save(model.state_dict(), ...)`, safetensors, and TorchScript. Always on the processor."""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np

from bot_sdk.formats import EXPORTED_PROGRAM, PICKLED_MODULE, SAFETENSORS, TORCHSCRIPT, Format, unloadable
from bot_sdk.frameworks.wrapper import Model, UnsupportedFramework


class TorchScriptModel(Model):
    """A TorchScript module in eval mode that answers `predict(features)` with an array.

    `features` is an array (or a tuple of arrays, for a module that takes several) in the module's own shape;
    floats become the type of its weights. The module itself takes and gives tensors: `model(tensor)`.
    """

    def __init__(self, module: Any) -> None:
        import torch

        super().__init__(module.eval())
        floats = (each.dtype for each in module.parameters() if each.dtype.is_floating_point)
        self.dtype = next(floats, torch.float32)

    def predict(self, features: Any) -> np.ndarray:
        import torch

        inputs = features if isinstance(features, tuple) else (features,)
        with torch.inference_mode():
            answer = self.wrapped(*(self._tensor(each) for each in inputs))
        while isinstance(answer, list | tuple):
            answer = answer[0]
        return np.asarray(answer.numpy())

    def _tensor(self, features: Any) -> Any:
        import torch

        tensor = torch.from_numpy(np.array(features))  # a copy: it may come read-only, which a tensor cannot be
        return tensor.to(self.dtype) if tensor.is_floating_point() else tensor

    def __call__(self, *inputs: Any) -> Any:
        return self.wrapped(*inputs)


def load(data: bytes, found: Format | None) -> Any:
    """A TorchScriptModel, or the weights by name: a dict of tensors for `module.load_state_dict(...)`."""
    if found in (PICKLED_MODULE, EXPORTED_PROGRAM):
        raise UnsupportedFramework(unloadable(found))
    import torch

    if found is SAFETENSORS:
        import safetensors.torch

        return safetensors.torch.load(data)
    if found is TORCHSCRIPT:
        return TorchScriptModel(torch.jit.load(io.BytesIO(data), map_location="cpu"))
    try:
        return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UnsupportedFramework(f"{unloadable(PICKLED_MODULE)} PyTorch says: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """What torch.load found, without its advice to load the file unsafely."""
    lines = [line.strip() for line in str(error).splitlines()]
    reasons = [line.partition("WeightsUnpickler error: ")[2] for line in lines]
    return next(filter(None, reasons), lines[0] if lines else type(error).__name__)[:200]
