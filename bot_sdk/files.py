"""Load a bot's MODEL, WEIGHTS, CONFIG and DATA files into what the bot gets as `config["models"]`.

Runs where bot code runs: a pickle is code, so nothing outside the sandbox may call this on a stranger's file.
"""

from __future__ import annotations

import io
import json
from pathlib import Path, PurePath
from typing import Any

import numpy as np

FRAMEWORKS = ("SKLEARN", "XGBOOST", "LIGHTGBM")
_PICKLE_SUFFIXES = (".joblib", ".pkl", ".pickle")


class UnsupportedFramework(Exception):
    """No loader for this framework: a sentence for the author."""


class XGBoostModel:
    """A Booster that answers `predict(features)` for a plain float array of shape (n_samples, n_features).

    Returns what the Booster's objective gives, shape (n_samples,) or (n_samples, n_classes):
    probabilities for `binary:logistic`, values for regression. Everything else is the Booster's own.
    """

    def __init__(self, booster: Any) -> None:
        self.booster = booster

    def predict(self, features: Any) -> np.ndarray:
        return np.asarray(self.booster.inplace_predict(np.asarray(features, dtype=np.float64)))

    def __getattr__(self, name: str) -> Any:
        # Python's own protocols (copy, pickle) mean this object, and may ask before __init__ has run.
        if name.startswith("__") or "booster" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self.__dict__["booster"], name)


class LightGBMModel(XGBoostModel):
    """A LightGBM Booster, asked on one thread: a worker has no others to give."""

    def predict(self, features: Any) -> np.ndarray:
        return np.asarray(self.booster.predict(np.asarray(features, dtype=np.float64), num_threads=1))


def default_key(file_type: str, name: str) -> str:
    """The key under which a bot finds a file: its type in capitals, or SCALER for `scaler.joblib`."""
    return "SCALER" if PurePath(name).stem.lower() == "scaler" else file_type.upper()


def load_file(path: Path, *, file_type: str, framework: str = "") -> Any:
    """As `load_bytes`, from a file on disk."""
    return load_bytes(path.read_bytes(), name=path.name, file_type=file_type, framework=framework)


def load_bytes(data: bytes, *, name: str, file_type: str, framework: str = "") -> Any:
    """A model with `predict`, parsed JSON, a DataFrame from CSV, or the bytes of anything else.

    From bytes and not by path, so that what is loaded is what was hashed. Raises UnsupportedFramework, or
    whatever the framework raises for a file it cannot read.
    """
    framework = framework.upper()
    if framework and framework not in FRAMEWORKS:
        raise UnsupportedFramework(f"framework {framework} is not one of {', '.join(FRAMEWORKS)}")
    suffix = PurePath(name).suffix.lower()
    if framework == "XGBOOST":
        return _load_xgboost(data)
    if framework == "LIGHTGBM":
        return _load_lightgbm(data)
    if framework == "SKLEARN" or (file_type in ("MODEL", "WEIGHTS") and suffix in _PICKLE_SUFFIXES):
        import joblib

        return joblib.load(io.BytesIO(data))
    if suffix == ".json":
        return json.loads(data.decode("utf-8"))
    if suffix == ".csv":
        import pandas as pd

        return pd.read_csv(io.BytesIO(data))
    return data


def _load_xgboost(data: bytes) -> XGBoostModel:
    """JSON or UBJ; the library tells them apart by content."""
    import xgboost

    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(data))
    return XGBoostModel(booster)


def _load_lightgbm(data: bytes) -> LightGBMModel:
    try:
        import lightgbm
    except OSError as error:  # its wheel leaves the OpenMP library to the system
        raise UnsupportedFramework(
            "LightGBM cannot be used on this machine: the system library libgomp.so.1 is missing (Debian: libgomp1)"
        ) from error
    return LightGBMModel(lightgbm.Booster(model_str=data.decode("utf-8")))
