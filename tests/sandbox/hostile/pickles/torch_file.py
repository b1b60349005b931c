# Runs a command from the pickle inside of a PyTorch file.
# expect: RUNTIME_ERROR | BLOCKED
# layers: seccomp
# unconfined: needs PyTorch

from attack import Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        if code := self.models["MODEL"]:
            raise Denied(f"exit code {code}")
        return "ran a command"
