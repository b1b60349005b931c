"""What the files of each machine-learning framework become: a module per framework, found in the table `LOADERS`.

A loader takes the file's bytes (so that what is loaded is what was hashed, and nothing is written) and gives an object
for `config["models"]`. The framework itself is imported by its loader alone: most bots need one of them, and none has
to be installed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot_sdk.formats import Format
from bot_sdk.frameworks import keras, lightgbm, onnx, pytorch, sklearn, xgboost

# `load(data, format)`; the format is None where the content was not recognised: the framework's own error says more.
Loader = Callable[[bytes, Format | None], Any]

LOADERS: dict[str, Loader] = {
    "SKLEARN": sklearn.load,  # joblib, pickle, skops -> the estimator, scaler or pipeline itself
    "XGBOOST": xgboost.load,  # JSON, UBJSON -> XGBoostModel
    "LIGHTGBM": lightgbm.load,  # text -> LightGBMModel
    "ONNX": onnx.load,  # -> OnnxModel
    "PYTORCH": pytorch.load,  # state dict, safetensors -> dict of tensors; TorchScript -> TorchScriptModel
    "KERAS": keras.load,  # .keras, HDF5 -> KerasModel
}
FRAMEWORKS = tuple(LOADERS)
