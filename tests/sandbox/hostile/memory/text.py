# Makes one long text.
# expect: MEMORY_LIMIT
# layers: rlimits

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"{len('x' * 1_000_000_000)} characters"
