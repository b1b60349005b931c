# Writes a file when the model is unpickled.
# expect: RUNTIME_ERROR
# layers: seccomp landlock
# error: PermissionError

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return "loaded"
