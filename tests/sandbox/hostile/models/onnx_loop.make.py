"""An ONNX model with a loop that never ends."""

from typing import Any

from onnx import TensorProto, helper

from tests.sandbox.hostile.catalogue import Extras, model

MOST = 2**62


def extras(target: dict[str, Any]) -> Extras:
    def value(name: str, kind: int, shape: list[Any]) -> Any:
        return helper.make_tensor_value_info(name, kind, shape)

    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("Identity", ["a"], ["b"])],
        "body",
        [value("n", TensorProto.INT64, []), value("go", TensorProto.BOOL, []), value("a", TensorProto.FLOAT, [1])],
        [value("go_on", TensorProto.BOOL, []), value("b", TensorProto.FLOAT, [1])],
    )
    count = helper.make_tensor("count", TensorProto.INT64, [], [MOST])
    yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    graph = helper.make_graph(
        [helper.make_node("Loop", ["count", "yes", "x"], ["y"], body=body)],
        "graph",
        [value("x", TensorProto.FLOAT, [1])],
        [value("y", TensorProto.FLOAT, [1])],
        [count, yes],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model("model.onnx", made.SerializeToString(), "ONNX")
