# Runs a command from the Lambda layer of an old Keras file.
# expect: RUNTIME_ERROR | BLOCKED
# layers: seccomp
# needs: keras torch h5py
# unconfined: Keras itself refuses it

from attack import Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        raise Denied(f"loaded {self.models['MODEL'].predict([[1.0]])}")
