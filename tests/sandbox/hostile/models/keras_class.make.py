"""A Keras file whose model is an object of subprocess.Popen."""

import io
import json
import zipfile
from typing import Any

from tests.sandbox.hostile.catalogue import Extras, model


def extras(target: dict[str, Any]) -> Extras:
    arguments = {"args": ["/usr/bin/touch", target["marker"]]}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        config = {"module": "subprocess", "class_name": "Popen", "config": arguments, "registered_name": "Popen"}
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.0.0"}))
        archive.writestr("model.weights.h5", b"")
    return model("model.keras", file.getvalue(), "KERAS")
