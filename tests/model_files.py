"""Real model files, one of each kind that a bot may bring: small, made by the frameworks themselves.

`make(name)` skips the test where the framework is not installed.
"""

from __future__ import annotations

import functools
import importlib.util
import io
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

# As in the sandbox, and before anything imports these libraries: nothing is kept or sent anywhere.
os.environ.update(
    KERAS_BACKEND="torch", KERAS_HOME="/proc/keras", TORCHINDUCTOR_CACHE_DIR="/proc", ORT_DISABLE_TELEMETRY="1"
)

RNG = np.random.default_rng(1)
FEATURES = RNG.normal(size=(60, 4)).astype(np.float32).astype(np.float64)
LABELS = (FEATURES[:, 0] + 0.1 * RNG.normal(size=60) > 0).astype(int)
ASKED = FEATURES[:3]


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file, and what its model answers to ASKED, asked plainly in this process before it was saved."""

    name: str
    framework: str
    data: bytes
    answer: np.ndarray

    def write(self, folder: Path) -> Path:
        path = folder / self.name
        path.write_bytes(self.data)
        return path


def sklearn_joblib() -> ModelFile:
    import joblib

    file = io.BytesIO()
    joblib.dump(_logistic(), file)
    return ModelFile("model.joblib", "SKLEARN", file.getvalue(), _logistic().predict(ASKED))


def sklearn_joblib_compressed() -> ModelFile:
    import joblib

    file = io.BytesIO()
    joblib.dump(_logistic(), file, compress=3)
    return ModelFile("model.pkl", "SKLEARN", file.getvalue(), _logistic().predict(ASKED))


def sklearn_skops() -> ModelFile:
    import skops.io

    return ModelFile("model.skops", "SKLEARN", skops.io.dumps(_logistic()), _logistic().predict(ASKED))


@functools.cache
def _logistic() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression().fit(FEATURES, LABELS)


def xgboost_json() -> ModelFile:
    return ModelFile("model.json", "XGBOOST", bytes(_booster().save_raw("json")), _booster().inplace_predict(ASKED))


def xgboost_ubj() -> ModelFile:
    return ModelFile("model.ubj", "XGBOOST", bytes(_booster().save_raw("ubj")), _booster().inplace_predict(ASKED))


@functools.cache
def _booster() -> Any:
    import xgboost

    parameters = {"objective": "binary:logistic", "nthread": 1}
    return xgboost.train(parameters, xgboost.DMatrix(FEATURES, LABELS), num_boost_round=3)


def lightgbm_text() -> ModelFile:
    try:
        import lightgbm
    except OSError as error:
        pytest.skip(f"LightGBM needs the system library libgomp1: {error}")
    parameters = {"objective": "binary", "verbosity": -1, "num_threads": 1}
    trained = lightgbm.train(parameters, lightgbm.Dataset(FEATURES, LABELS), num_boost_round=3)
    answer = np.asarray(trained.predict(ASKED, num_threads=1))
    return ModelFile("model.txt", "LIGHTGBM", trained.model_to_string().encode(), answer)


def onnx() -> ModelFile:
    """softmax(features @ weights), whose answer numpy gives as well."""
    return ModelFile("model.onnx", "ONNX", onnx_model().SerializeToString(), _softmax(ASKED @ ONNX_WEIGHTS))


ONNX_WEIGHTS = RNG.normal(size=(4, 2)).astype(np.float32)


def onnx_model() -> Any:
    from onnx import TensorProto, helper

    weights = helper.make_tensor("w", TensorProto.FLOAT, [4, 2], ONNX_WEIGHTS.tobytes(), raw=True)
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"]), helper.make_node("Softmax", ["y"], ["z"])]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size]) for name, size in (("x", 4), ("z", 2))]
    graph = helper.make_graph(nodes, "graph", ends[:1], ends[1:], [weights])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _softmax(values: np.ndarray) -> np.ndarray:
    powers = np.exp(values)
    return powers / powers.sum(axis=1, keepdims=True)


# What a bot's code holds beside the weights of torch_state_dict and torch_safetensors.
NETWORK = """
import torch

class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(1, 6, batch_first=True)
        self.convolution = torch.nn.Conv1d(6, 5, 3)
        self.out = torch.nn.Linear(5, 2)

    def forward(self, x):
        steps, _ = self.lstm(x.unsqueeze(2))
        return torch.softmax(self.out(self.convolution(steps.transpose(1, 2)).mean(2)), 1)
"""


def torch_state_dict() -> ModelFile:
    import torch

    return ModelFile("weights.pt", "PYTORCH", torch_saved(network().state_dict()), ask_network(torch.float32))


def torch_state_dict_old() -> ModelFile:
    """As PyTorch wrote it before 1.6."""
    import torch

    data = torch_saved(network().state_dict(), _use_new_zipfile_serialization=False)
    return ModelFile("weights.pth", "PYTORCH", data, ask_network(torch.float32))


def torch_safetensors() -> ModelFile:
    import safetensors.torch
    import torch

    data = safetensors.torch.save(network().state_dict())
    return ModelFile("weights.safetensors", "PYTORCH", data, ask_network(torch.float32))


def torch_script() -> ModelFile:
    import torch

    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its age, and that the shapes are now fixed
        traced = torch.jit.trace(network(), torch.zeros(2, 4), check_trace=False)
        torch.jit.save(traced, file)
    return ModelFile("model.pt", "PYTORCH", file.getvalue(), ask_network(torch.float32))


@functools.cache
def network() -> Any:
    import torch

    torch.manual_seed(1)
    names: dict[str, Any] = {"__name__": "network"}
    exec(NETWORK, names)
    return names["Network"]().eval()


def ask_network(dtype: Any) -> np.ndarray:
    import torch

    with torch.no_grad():
        return network()(torch.as_tensor(ASKED, dtype=dtype)).numpy()


def torch_saved(value: Any, **options: Any) -> bytes:
    import torch

    file = io.BytesIO()
    torch.save(value, file, **options)
    return file.getvalue()


def keras_zip() -> ModelFile:
    return _keras("model.keras")


def keras_h5() -> ModelFile:
    return _keras("model.h5")


def _keras(name: str) -> ModelFile:
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # HDF5 is called a legacy format
        keras_model().save(Path(folder, name))
        data = Path(folder, name).read_bytes()
        answer = keras_model().predict(ASKED, verbose=0)
    return ModelFile(name, "KERAS", data, answer)


@functools.cache
def keras_model() -> Any:
    import keras

    keras.utils.set_random_seed(1)
    layers = [keras.layers.Input((4,)), keras.layers.Reshape((4, 1)), keras.layers.LSTM(6)]
    model = keras.Sequential([*layers, keras.layers.Dense(2, activation="softmax")])
    model.compile(loss="mse", optimizer="adam")
    return model


# By name: how to make it, and the modules that this takes.
MAKERS: dict[str, tuple[Callable[[], ModelFile], tuple[str, ...]]] = {
    "scikit-learn, joblib": (sklearn_joblib, ("sklearn",)),
    "scikit-learn, joblib compressed": (sklearn_joblib_compressed, ("sklearn",)),
    "scikit-learn, skops": (sklearn_skops, ("skops",)),
    "XGBoost, JSON": (xgboost_json, ("xgboost",)),
    "XGBoost, UBJ": (xgboost_ubj, ("xgboost",)),
    "LightGBM": (lightgbm_text, ("lightgbm",)),
    "ONNX": (onnx, ("onnx", "onnxruntime")),
    "PyTorch, state dict": (torch_state_dict, ("torch",)),
    "PyTorch, old state dict": (torch_state_dict_old, ("torch",)),
    "PyTorch, safetensors": (torch_safetensors, ("torch", "safetensors")),
    "PyTorch, TorchScript": (torch_script, ("torch",)),
    "Keras, .keras": (keras_zip, ("keras", "torch")),
    "Keras, HDF5": (keras_h5, ("keras", "torch", "h5py")),
}


@functools.cache
def make(name: str) -> ModelFile:
    """Skips the test where this file cannot be made here."""
    maker, modules = MAKERS[name]
    need(*modules)
    return maker()


def need(*modules: str) -> None:
    """Skips the test where one of these is not installed."""
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed (./run setup --deep-learning)")
