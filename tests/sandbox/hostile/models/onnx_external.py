# Reads a secret as the weights of an ONNX model that keeps them in a file of their own.
# expect: RUNTIME_ERROR
# layers: landlock
# needs: onnx onnxruntime
# unconfined: onnxruntime looks below the folder that it is in, and is not in / there

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return bytes(self.models["MODEL"].predict([0] * 39).tolist()).decode()
