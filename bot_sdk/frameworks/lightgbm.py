"""LightGBM: the text that `save_model` writes."""

from __future__ import annotations

from typing import Any

import numpy as np

from bot_sdk.formats import Format
from bot_sdk.frameworks.wrapper import Model, UnsupportedFramework


class LightGBMModel(Model):
    """A Booster that answers `predict(features)` for a plain float array of shape (n_samples, n_features).

    On one thread: a worker has no others to give.
    """

    def predict(self, features: Any) -> np.ndarray:
        return np.asarray(self.wrapped.predict(np.asarray(features, dtype=np.float64), num_threads=1))


def load(data: bytes, found: Format | None) -> LightGBMModel:  # noqa: ARG001
    try:
        import lightgbm
    except OSError as error:  # its wheel leaves the OpenMP library to the system
        raise UnsupportedFramework(
            "LightGBM cannot be used on this machine: the system library libgomp.so.1 is missing (Debian: libgomp1)"
        ) from error
    return LightGBMModel(lightgbm.Booster(model_str=data.decode("utf-8")))
