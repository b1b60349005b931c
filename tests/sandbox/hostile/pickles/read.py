# Reads a secret when the model is unpickled.
# expect: RUNTIME_ERROR
# layers: landlock
# error: Error: [Errno

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return str(self.models["MODEL"])
