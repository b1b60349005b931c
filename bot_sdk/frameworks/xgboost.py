"""XGBoost: JSON and UBJSON, as `save_model` writes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from bot_sdk.formats import Format
from bot_sdk.frameworks.wrapper import Model


class XGBoostModel(Model):
    """A Booster that answers `predict(features)` for a plain float array of shape (n_samples, n_features).

    Returns what the Booster's objective gives, shape (n_samples,) or (n_samples, n_classes):
    probabilities for `binary:logistic`, values for regression.
    """

    def predict(self, features: Any) -> np.ndarray:
        return np.asarray(self.wrapped.inplace_predict(np.asarray(features, dtype=np.float64)))


def load(data: bytes, found: Format | None) -> XGBoostModel:  # noqa: ARG001
    """The library tells JSON and UBJSON apart by itself."""
    import xgboost

    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(data))
    return XGBoostModel(booster)
