"""What the zygote does once, so that no worker has to: imports, and the first use of what is slow the first time.

Some of it also could not be done later: behind the lock-down nothing can look at /proc or start a program to count
the machine's processors.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from bot_sdk.files import load_bytes
from bot_sdk.runtime import candles_frame

# Imported where they are installed. sklearn's parts are named because a saved model imports them when it is loaded.
# Not skops: it imports all of sklearn, which would take longer than everything before it here, for few bots; theirs do
# it themselves.
MODULES = (
    "pandas",
    "joblib",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.neural_network",
    "sklearn.pipeline",
    "sklearn.preprocessing",
    "sklearn.svm",
    "xgboost",
    "lightgbm",
    "onnxruntime",
    "torch",
    "safetensors.torch",
    "keras",
    "h5py",
)

# What is installed and did not work, and why: for tests.
failed: dict[str, str] = {}


def warm_up() -> None:
    import bots.sandbox.serve  # noqa: F401  (the worker's own code)

    uses: tuple[tuple[str, Callable[[], None]], ...] = (
        ("sklearn.ensemble", _use_sklearn),
        ("xgboost", _use_xgboost),
        ("lightgbm", _use_lightgbm),
        ("onnxruntime", _use_onnxruntime),
        ("torch", _use_torch),
        ("keras", _use_keras),
    )
    # The libraries' warnings are not for authors; whatever filters they set up are Python's own again afterwards.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        imported = {name for name in MODULES if _is_installed(name) and _works(name, partial(import_module, name))}
        _count_processors_as_one()
        _use_pandas()
        for name, use in uses:
            if name in imported:
                _works(name, use)


def _is_installed(name: str) -> bool:
    return find_spec(name.partition(".")[0]) is not None


def _works(name: str, step: Callable[[], object]) -> bool:
    """A library that is missing or broken is missing for the bots that need it, and for no other."""
    try:
        step()
    except Exception as error:  # noqa: BLE001  (a broken library may raise anything)
        failed[name] = f"{type(error).__name__}: {error}"
        return False
    return True


def _count_processors_as_one() -> None:
    """Libraries count by reading /sys and by starting lscpu. A worker may do neither, and has one to use."""
    with contextlib.suppress(ImportError, OSError):  # OSError: a system library is missing
        from joblib.externals.loky.backend import context

        context._cpu_count_user = _one
        context.physical_cores_cache = 1
    with contextlib.suppress(ImportError, OSError):  # OSError: a system library is missing
        import lightgbm.basic
        import lightgbm.compat
        import lightgbm.sklearn

        for module in (lightgbm.compat, lightgbm.basic, lightgbm.sklearn):
            if hasattr(module, "_LGBMCpuCount"):
                vars(module)["_LGBMCpuCount"] = _one


def _one(*_args: object, **_options: object) -> int:
    return 1


def _features() -> tuple[np.ndarray, np.ndarray]:
    features = np.arange(120, dtype=np.float64).reshape(30, 4) % 7
    return features, np.arange(30) % 2


def _loaded(data: bytes, framework: str) -> Any:
    """As a bot's own file is loaded: what that imports and sets up is there already when one comes."""
    return load_bytes(data, name="", file_type="MODEL", framework=framework)


def _use_pandas() -> None:
    frame = candles_frame(np.arange(60) * 60_000_000_000, np.arange(300, dtype=np.float64).reshape(60, 5) + 1)
    close = frame["close"]
    close.rolling(5).mean().iloc[-1]
    close.ewm(span=5).mean().pct_change().shift(1).fillna(0.0)
    frame["mean"] = close.rolling(3).std()
    repr(frame.tail(2))
    frame.iloc[-1].to_dict()
    (close > close.shift(1)).any()


def _use_sklearn() -> None:
    import joblib
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.utils.parallel import _get_threadpool_controller

    features, labels = _features()
    file = io.BytesIO()
    joblib.dump(RandomForestClassifier(n_estimators=2, n_jobs=1).fit(features, labels), file)
    _loaded(file.getvalue(), "SKLEARN").predict_proba(features[:1])
    # Looks up which libraries have threads, in /proc; neighbours, clusters and skops ask for it.
    _get_threadpool_controller()


def _use_xgboost() -> None:
    import xgboost

    features, labels = _features()
    booster = xgboost.train(
        {"nthread": 1, "objective": "binary:logistic"}, xgboost.DMatrix(features, labels), num_boost_round=2
    )
    _loaded(bytes(booster.save_raw("json")), "XGBOOST").predict(features[:1])


def _use_lightgbm() -> None:
    import lightgbm

    features, labels = _features()
    parameters = {"num_threads": 1, "verbose": -1, "objective": "binary", "min_data_in_leaf": 1}
    booster = lightgbm.train(parameters, lightgbm.Dataset(features, labels), num_boost_round=2)
    _loaded(booster.model_to_string().encode(), "LIGHTGBM").predict(features[:1])


def _use_onnxruntime() -> None:
    _loaded(_smallest_onnx(), "ONNX").predict(np.zeros(4))


def _smallest_onnx() -> bytes:
    """y = Relu(x) for four floats. Field numbers from onnx/onnx.proto."""

    def field(number: int, content: bytes) -> bytes:
        return bytes([number << 3 | 2, len(content)]) + content

    four_floats = field(1, b"\x08\x01" + field(2, field(1, b"\x08\x04")))
    node = field(1, b"x") + field(2, b"y") + field(4, b"Relu")
    ends = [field(number, field(1, name) + field(2, four_floats)) for number, name in ((11, b"x"), (12, b"y"))]
    graph = field(1, node) + field(2, b"graph") + b"".join(ends)
    return b"\x08\x08" + field(7, graph) + field(8, b"\x10\x11")


def _use_torch() -> None:
    """Its cpuinfo reads /proc at the first operation of each kind."""
    import torch

    # oneDNN and FBGEMM write machine code for each new shape, which no worker may; these have theirs ready.
    torch.backends.mkldnn.set_flags(False)
    if "qnnpack" in torch.backends.quantized.supported_engines:
        torch.backends.quantized.engine = "qnnpack"
    torch.set_num_threads(1)
    with contextlib.suppress(RuntimeError):  # it can be set only once
        torch.set_num_interop_threads(1)
    with torch.no_grad():
        torch.nn.Linear(4, 4)(torch.zeros(1, 4))
        torch.nn.Conv1d(4, 4, 3)(torch.zeros(1, 4, 8))
        torch.nn.LSTM(4, 4)(torch.zeros(2, 1, 4))
    weights, script = io.BytesIO(), io.BytesIO()
    linear = torch.nn.Linear(4, 4)
    torch.save(linear.state_dict(), weights)
    _loaded(weights.getvalue(), "PYTORCH")
    torch.jit.save(torch.jit.trace(linear, torch.zeros(1, 4)), script)
    model = _loaded(script.getvalue(), "PYTORCH")
    for _ in range(3):  # it is compiled at the second call
        model.predict(np.zeros((1, 4)))


def _use_keras() -> None:
    import h5py
    import keras
    from keras.src.legacy.saving import legacy_h5_format
    from keras.src.saving import saving_lib

    # It would look into /proc, which no worker may; the worker's own limit decides what is too much.
    saving_lib.is_memory_sufficient = _yes
    layers = [keras.layers.Input((8, 4)), keras.layers.Conv1D(4, 3), keras.layers.LSTM(4), keras.layers.Dense(2)]
    file = io.BytesIO()
    with h5py.File(file, "w") as opened:  # a .keras file would be put together on a disk
        legacy_h5_format.save_model_to_hdf5(keras.Sequential(layers), opened)
    _loaded(file.getvalue(), "KERAS").predict(np.zeros((1, 8, 4)))


def _yes(_model: object) -> bool:
    return True
