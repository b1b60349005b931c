"""The zip file that Keras writes, whose one layer is marshalled code."""

import base64
import io
import json
import marshal
import zipfile
from typing import Any

from tests.sandbox.hostile.catalogue import Extras, model


def extras(target: dict[str, Any]) -> Extras:
    code = compile(f"__import__('os').system('echo here > {target['marker']}')", "layer", "eval")
    function = {"class_name": "__lambda__", "config": {"code": base64.b64encode(marshal.dumps(code)).decode()}}
    layer = {"module": "keras.layers", "class_name": "Lambda", "config": {"name": "layer", "function": function}}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        config = {"module": "keras", "class_name": "Sequential", "config": {"name": "model", "layers": [layer]}}
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.0.0"}))
    return model("model.keras", file.getvalue(), "KERAS")
