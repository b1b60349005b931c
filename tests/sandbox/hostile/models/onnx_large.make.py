"""An ONNX model of a hundred bytes whose answer has four terabytes."""

from typing import Any

from onnx import TensorProto, helper

from tests.sandbox.hostile.catalogue import Extras, model


def extras(target: dict[str, Any]) -> Extras:
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [1_000_000, 1_000_000])
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Expand", ["x", "shape"], ["y"])], "g", ends[:1], ends[1:], [shape])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model("model.onnx", made.SerializeToString(), "ONNX")
