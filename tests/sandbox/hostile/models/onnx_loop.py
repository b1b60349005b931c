# Never comes back from an ONNX model.
# expect: TIME_LIMIT
# needs: onnx onnxruntime
# unconfined: it hangs there as well

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"{self.models['MODEL'].predict([0.5])}"
