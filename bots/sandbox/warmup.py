"""What the zygote does once, so that no worker has to: imports, and the first use of what is slow the first time.

Some of it also could not be done later: behind the lock-down nothing can look at /proc or start a program to count
the machine's processors.
"""

from __future__ import annotations

import contextlib
import importlib
import warnings

import numpy as np

# Imported where they are installed. sklearn's parts are named because a saved model imports them when it is loaded.
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
    "skops.io",
    "onnxruntime",
    "torch",
    "safetensors",
)


def warm_up() -> None:
    import bots.sandbox.serve  # noqa: F401  (the worker's own code)

    warnings.simplefilter("ignore")
    imported = {name for name in MODULES if _import(name)}
    _count_processors_as_one()
    _use_pandas()
    if "sklearn.ensemble" in imported:
        _use_sklearn()
    if "xgboost" in imported:
        _use_xgboost()
    if "lightgbm" in imported:
        _use_lightgbm()
    if "torch" in imported:
        _use_torch()
    warnings.resetwarnings()


def _import(name: str) -> bool:
    with contextlib.suppress(ImportError, OSError):  # OSError: a system library is missing
        importlib.import_module(name)
        return True
    return False


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


def _use_pandas() -> None:
    from bot_sdk.runtime import candles_frame

    frame = candles_frame(np.arange(60) * 60_000_000_000, np.arange(300, dtype=np.float64).reshape(60, 5) + 1)
    close = frame["close"]
    close.rolling(5).mean().iloc[-1]
    close.ewm(span=5).mean().pct_change().shift(1).fillna(0.0)
    frame["mean"] = close.rolling(3).std()
    repr(frame.tail(2))
    frame.iloc[-1].to_dict()
    (close > close.shift(1)).any()


def _use_sklearn() -> None:
    import io

    import joblib
    from sklearn.ensemble import RandomForestClassifier

    features, labels = _features()
    forest = RandomForestClassifier(n_estimators=2, n_jobs=1).fit(features, labels)
    file = io.BytesIO()
    joblib.dump(forest, file)
    file.seek(0)
    joblib.load(file).predict_proba(features[:1])


def _use_xgboost() -> None:
    import xgboost

    features, labels = _features()
    booster = xgboost.train(
        {"nthread": 1, "objective": "binary:logistic"}, xgboost.DMatrix(features, labels), num_boost_round=2
    )
    again = xgboost.Booster({"nthread": 1})
    again.load_model(booster.save_raw("json"))
    again.inplace_predict(features[:1])


def _use_lightgbm() -> None:
    import lightgbm

    features, labels = _features()
    parameters = {"num_threads": 1, "verbose": -1, "objective": "binary", "min_data_in_leaf": 1}
    booster = lightgbm.train(parameters, lightgbm.Dataset(features, labels), num_boost_round=2)
    lightgbm.Booster(model_str=booster.model_to_string()).predict(features[:1], num_threads=1)


def _use_torch() -> None:
    """Its cpuinfo reads /proc at the first operation of each kind."""
    import torch

    torch.set_num_threads(1)
    with contextlib.suppress(RuntimeError):  # it can be set only once
        torch.set_num_interop_threads(1)
    with torch.no_grad():
        torch.nn.Linear(4, 4)(torch.zeros(1, 4))
        torch.nn.Conv1d(4, 4, 3)(torch.zeros(1, 4, 8))
        torch.nn.LSTM(4, 4)(torch.zeros(2, 1, 4))
