# Connects to somewhere when the model is unpickled.
# expect: RUNTIME_ERROR
# layers: seccomp
# error: PermissionError

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return str(self.models["MODEL"])
