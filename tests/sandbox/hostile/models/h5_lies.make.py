"""An HDF5 file of two kilobytes with a tensor of a terabyte, none of which is stored."""

import io
import json
from typing import Any

import h5py

from tests.sandbox.hostile.catalogue import Extras, model

LAYERS = [
    {"class_name": "InputLayer", "config": {"batch_shape": [None, 4], "dtype": "float32", "name": "in"}},
    {"class_name": "Dense", "config": {"units": 1, "name": "dense"}},
]


def extras(target: dict[str, Any]) -> Extras:
    file = io.BytesIO()
    with h5py.File(file, "w") as archive:
        archive.attrs["model_config"] = json.dumps(
            {"class_name": "Sequential", "config": {"name": "model", "layers": LAYERS}}
        )
        archive.attrs["keras_version"] = "3.0.0"
        archive.attrs["backend"] = "torch"
        weights = archive.create_group("model_weights")
        weights.attrs["layer_names"] = ["dense"]
        layer = weights.create_group("dense")
        layer.attrs["weight_names"] = ["dense/kernel", "dense/bias"]
        layer.create_dataset("dense/kernel", (500_000, 500_000), "f4", chunks=(1, 1000))
        layer.create_dataset("dense/bias", (1,), "f4")
    return model("model.h5", file.getvalue(), "KERAS")
