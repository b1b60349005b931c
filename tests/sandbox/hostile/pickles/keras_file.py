# Runs a command from the Lambda layer of a Keras file.
# expect: RUNTIME_ERROR | BLOCKED
# layers: seccomp
# unconfined: needs Keras

from attack import Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        raise Denied(f"loaded {self.models['MODEL']}")
