"""An ONNX model whose weights lie in another file, below the folder that a worker is in: /."""

from typing import Any

from onnx import TensorProto, helper

from tests.sandbox.hostile.catalogue import Extras, model


def extras(target: dict[str, Any]) -> Extras:
    weights = TensorProto(name="w", data_type=TensorProto.UINT8, dims=[39], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", target["readable"].lstrip("/")), ("offset", "0"), ("length", "39")):
        weights.external_data.add(key=key, value=value)
    ends = [helper.make_tensor_value_info(name, TensorProto.UINT8, [39]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Max", ["x", "w"], ["y"])], "graph", ends[:1], ends[1:], [weights])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model("model.onnx", made.SerializeToString(), "ONNX")
