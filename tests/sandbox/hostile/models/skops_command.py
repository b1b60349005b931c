# Brings os.system as a type that skops would not trust elsewhere.
# expect: BLOCKED
# layers: seccomp

from attack import TARGET, Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        if code := self.models["MODEL"].func(f"echo here > {TARGET['marker']}"):
            raise Denied(f"exit code {code}")
        return "ran a command"
