# Hides a command in an array of objects.
# expect: BLOCKED
# layers: seccomp

from attack import Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        if code := self.models["MODEL"][0]:
            raise Denied(f"exit code {code}")
        return "ran a command"
