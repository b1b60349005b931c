# Makes memory that the kernel itself cannot look into.
# expect: BLOCKED
# layers: seccomp
# unconfined: kernels before 6.5 have it switched off

from attack import Attack, call


class Bot(Attack):
    def attack(self) -> str:
        return f"descriptor {call('memfd_secret', 0)}"
