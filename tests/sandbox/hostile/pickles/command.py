# Runs a command when the model is unpickled.
# expect: BLOCKED
# layers: seccomp

from attack import Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        if code := self.models["MODEL"]:
            raise Denied(f"exit code {code}")
        return "ran a command"
