"""What the loaded models have in common: `predict(features)`, and everything else is the framework's own object."""

from __future__ import annotations

from typing import Any

import numpy as np


class UnsupportedFramework(Exception):
    """This framework, or this kind of file of it, cannot be loaded: a sentence for the author."""


class Model:
    """Answers `predict(features)`; every other attribute is that of `wrapped`, the framework's own object."""

    def __init__(self, wrapped: Any) -> None:
        self.wrapped = wrapped

    def predict(self, features: Any) -> np.ndarray:
        raise NotImplementedError

    def __getattr__(self, name: str) -> Any:
        # Python's own protocols (copy, pickle) mean this object, and may ask before __init__ has run.
        if name.startswith("__") or "wrapped" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self.__dict__["wrapped"], name)
