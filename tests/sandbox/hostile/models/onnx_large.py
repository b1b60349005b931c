# Is an ONNX model that answers with four terabytes.
# expect: MEMORY_LIMIT
# layers: rlimits
# needs: onnx onnxruntime
# unconfined: no machine has that much

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"{self.models['MODEL'].predict([1.0]).nbytes} bytes"
