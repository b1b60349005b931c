"""A Keras file with a layer whose activation is os.system."""

import io
import json
import zipfile
from typing import Any

from tests.sandbox.hostile.catalogue import Extras, model

ACTIVATION = {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}


def extras(target: dict[str, Any]) -> Extras:
    dense = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 1, "activation": ACTIVATION}}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        config = {"module": "keras", "class_name": "Sequential", "config": {"name": "model", "layers": [dense]}}
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.0.0"}))
        archive.writestr("model.weights.h5", b"")
    return model("model.keras", file.getvalue(), "KERAS")
