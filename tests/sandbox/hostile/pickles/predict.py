# Looks like a scikit-learn model and runs a command when it is asked.
# expect: BLOCKED
# layers: seccomp

from attack import Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        if code := self.models["MODEL"].func([[1.0]]):
            raise Denied(f"exit code {code}")
        return "ran a command"
