"""Keras 3: `.keras` files and the older HDF5, on PyTorch as its back end."""

from __future__ import annotations

import io
import os
import zipfile
from typing import Any

import numpy as np

from bot_sdk.formats import KERAS_H5, Format
from bot_sdk.frameworks.wrapper import Model, UnsupportedFramework


class KerasModel(Model):
    """A Keras model that answers `predict(features)` with an array, for all samples at once.

    Keras's own `predict` would make a data loader and a progress bar of every question; what it answers is
    the same. `features` is an array of shape (n_samples, ...), or a list or dict of them as the model takes it.
    """

    def predict(self, features: Any) -> np.ndarray:
        several = isinstance(features, dict) or len(self.wrapped.inputs or ()) > 1
        return self.wrapped.predict_on_batch(features if several else np.asarray(features))

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        return self.wrapped(*inputs, **options)


def load(data: bytes, found: Format | None) -> KerasModel:
    """Layers of one's own must be registered: `@keras.saving.register_keras_serializable()` in the bot's code.

    Lambda layers are refused by Keras itself: their code would be hidden from whoever reads the bot's.
    """
    os.environ.setdefault("KERAS_BACKEND", "torch")  # as on the platform
    return KerasModel(_load_h5(data) if found is KERAS_H5 else _load_zip(data))


def _load_zip(data: bytes) -> Any:
    # Keras's public function takes a path only, and decides by it; this one takes what it opens.
    from keras.src.saving import saving_lib

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if any(name.startswith("assets/") for name in archive.namelist()):
            raise UnsupportedFramework(
                "This Keras model has layers that keep files of their own (a vocabulary, for example), which would "
                "have to be unpacked onto a disk: prepare the features in the bot's code instead."
            )
    return saving_lib.load_model(io.BytesIO(data), compile=False, safe_mode=True)


def _load_h5(data: bytes) -> Any:
    import h5py
    from keras.src.legacy.saving import legacy_h5_format

    with h5py.File(io.BytesIO(data), "r") as file:
        if "model_config" not in file.attrs:
            raise UnsupportedFramework(
                "This HDF5 file holds no Keras model, or its weights alone: save the whole model by "
                "model.save('model.keras')."
            )
        return legacy_h5_format.load_model_from_hdf5(file, compile=False, safe_mode=True)
