"""A Keras file with its weights in an .npz, an array of 300 MB of zeros among them."""

import io
import json
import zipfile
from typing import Any

import numpy as np

from tests.sandbox.hostile.catalogue import Extras, model

COUNT = 75_000_000


def extras(target: dict[str, Any]) -> Extras:
    dense = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 1, "name": "dense"}}
    dense["build_config"] = {"input_shape": [None, 1]}
    config = {"module": "keras", "class_name": "Sequential", "config": {"name": "model", "layers": [dense]}}
    config["build_config"] = {"input_shape": [None, 1]}
    arrays, file = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(arrays, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        head = io.BytesIO()
        np.lib.format.write_array_header_1_0(head, {"descr": "<f4", "fortran_order": False, "shape": (COUNT,)})
        with archive.open("layers/dense.npy", "w") as member:
            member.write(head.getvalue())
            for _ in range(30):
                member.write(bytes(10_000_000))
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", "{}")
        archive.writestr("model.weights.npz", arrays.getvalue())
    return model("model.keras", file.getvalue(), "KERAS")
