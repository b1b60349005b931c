"""A skops file of a transformer whose function is os.system."""

import os
from typing import Any

import skops.io
from sklearn.preprocessing import FunctionTransformer

from tests.sandbox.hostile.catalogue import Extras, model


def extras(target: dict[str, Any]) -> Extras:
    return model("model.skops", skops.io.dumps(FunctionTransformer(os.system)), "SKLEARN")
