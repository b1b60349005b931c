# Starts a program when the model is unpickled.
# expect: RUNTIME_ERROR
# layers: seccomp
# error: PermissionError

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        self.models["MODEL"].wait()
        return "ran a program"
