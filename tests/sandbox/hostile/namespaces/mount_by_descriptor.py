# Mounts by the newer calls.
# expect: BLOCKED
# layers: seccomp capabilities

from attack import Attack, call


class Bot(Attack):
    def attack(self) -> str:
        return f"descriptor {call('fsopen', b'tmpfs', 0)}"
