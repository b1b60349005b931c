# Takes a gigabyte, piece by piece.
# expect: MEMORY_LIMIT
# layers: rlimits

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        kept = [bytearray(10_000_000) for _ in range(100)]
        return f"{len(kept)} pieces"
