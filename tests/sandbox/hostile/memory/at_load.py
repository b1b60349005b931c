# Takes a gigabyte before it is asked anything.
# expect: MEMORY_LIMIT
# layers: rlimits

from attack import Attack

KEPT = [bytearray(10_000_000) for _ in range(100)]


class Bot(Attack):
    def attack(self) -> str:
        return f"{len(KEPT)} pieces"
