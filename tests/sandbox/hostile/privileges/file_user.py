# Changes the user for files only.
# expect: BLOCKED
# layers: seccomp

from attack import Attack, call


class Bot(Attack):
    def attack(self) -> str:
        return f"was user {call('setfsuid', 0)}"
