"""ONNX, by onnxruntime on the processor."""

from __future__ import annotations

from typing import Any

import numpy as np

from bot_sdk.formats import Format
from bot_sdk.frameworks.wrapper import Model, UnsupportedFramework

# How onnxruntime names the types of an input, and numpy's for them.
_TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
}


class OnnxModel(Model):
    """An InferenceSession that answers `predict(features)` with its first output.

    `features` is an array of the shape that the model's one input takes. A model with several inputs is asked
    by the session's own `run(None, {name: array})`, which gives all outputs.
    """

    def __init__(self, session: Any) -> None:
        super().__init__(session)
        self.inputs = session.get_inputs()
        self.first_output = session.get_outputs()[0].name

    def predict(self, features: Any) -> np.ndarray:
        if len(self.inputs) != 1:
            names = ", ".join(each.name for each in self.inputs)
            raise ValueError(f"predict() is for models with one input; this one takes {names}: ask run(None, {{...}})")
        [wanted] = self.inputs
        array = np.asarray(features, dtype=_TYPES.get(wanted.type))
        [answer] = self.wrapped.run([self.first_output], {wanted.name: array})
        return np.asarray(answer)


def load(data: bytes, found: Format | None) -> OnnxModel:  # noqa: ARG001
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # A worker has one thread; a pool would also be the first thing that it may not have.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors: warnings about a model's opset would land in the bot's log
    try:
        return OnnxModel(onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"]))
    except IndexError as error:
        raise UnsupportedFramework("the ONNX model has no output") from error
