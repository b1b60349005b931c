"""A Keras model in HDF5, as before Keras 3, with a Lambda layer of marshalled code."""

import base64
import io
import json
import marshal
from typing import Any

import h5py

from tests.sandbox.hostile.catalogue import Extras, model


def extras(target: dict[str, Any]) -> Extras:
    source = f"lambda x: __import__('os').system('echo here > {target['marker']}') and x"
    code = base64.b64encode(marshal.dumps(eval(source).__code__)).decode()
    layers = [
        {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 1], "dtype": "float32", "name": "in"}},
        {"class_name": "Lambda", "config": {"function": [code, None, None], "function_type": "lambda", "name": "l"}},
    ]
    file = io.BytesIO()
    with h5py.File(file, "w") as archive:
        config = {"class_name": "Sequential", "config": {"name": "model", "layers": layers}}
        archive.attrs["model_config"] = json.dumps(config)
        archive.attrs["keras_version"] = "2.15.0"
        weights = archive.create_group("model_weights")
        weights.attrs["layer_names"] = []
    return model("model.h5", file.getvalue(), "KERAS")
