# Gets hold of another process.
# expect: BLOCKED
# layers: seccomp namespaces

from attack import TARGET, Attack, call


class Bot(Attack):
    def attack(self) -> str:
        return f"descriptor {call('pidfd_open', TARGET['host'], 0)}"
