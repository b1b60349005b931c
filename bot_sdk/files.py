"""Load a bot's MODEL, WEIGHTS, CONFIG and DATA files into what the bot gets as `config["models"]`.

Runs where bot code runs: a pickle is code, so nothing outside the sandbox may call this on a stranger's file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

FRAMEWORKS = ("SKLEARN", "XGBOOST", "LIGHTGBM")


class XGBoostModel:
    """A Booster that answers `predict(features)` for a plain float array of shape (n_samples, n_features).

    Returns what the Booster's objective gives: probabilities for `binary:logistic`, values for regression. Everything
    else is the Booster's own.
    """

    def __init__(self, booster: Any) -> None:
        self.booster = booster

    def predict(self, features: Any) -> np.ndarray:
        return np.asarray(self.booster.inplace_predict(np.asarray(features, dtype=np.float64)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["booster"], name)


def default_key(file_type: str, name: str) -> str:
    """The key under which a bot finds a file: its type in capitals, or SCALER for a file whose stem is `scaler`."""
    return "SCALER" if Path(name).stem.lower() == "scaler" else file_type.upper()


def load_file(path: Path, *, file_type: str, framework: str = "") -> Any:
    """A model with `predict`, parsed JSON, a DataFrame from CSV, or the bytes of anything else."""
    suffix = path.suffix.lower()
    if framework == "XGBOOST":
        import xgboost

        booster = xgboost.Booster({"nthread": 1})
        booster.load_model(str(path))
        return XGBoostModel(booster)
    if framework == "LIGHTGBM":
        import lightgbm

        # From text, not by file name: the library's own reader wants a path it can open in C.
        return lightgbm.Booster(model_str=path.read_text(encoding="utf-8"), params={"num_threads": 1})
    if framework == "SKLEARN" or (file_type in ("MODEL", "WEIGHTS") and suffix in (".joblib", ".pkl", ".pickle")):
        import joblib

        return joblib.load(path)
    if suffix == ".json":
        return json.loads(path.read_text(encoding="utf-8"))
    if suffix == ".csv":
        import pandas as pd

        return pd.read_csv(path)
    return path.read_bytes()
