# Runs a command from inside of a joblib file, between two honest arrays.
# expect: BLOCKED
# layers: seccomp

from attack import Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        if code := self.models["MODEL"][1]:
            raise Denied(f"exit code {code}")
        return "ran a command"
