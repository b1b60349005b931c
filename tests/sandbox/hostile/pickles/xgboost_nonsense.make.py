"""UBJSON that announces an array of four billion elements."""

from typing import Any

from tests.sandbox.hostile.catalogue import Extras, model


def extras(target: dict[str, Any]) -> Extras:
    nonsense = b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner[$d#L\x00\x00\x00\x00\xff\xff\xff\xff"
    return model("model.ubj", nonsense, "XGBOOST")
