# Takes a gigabyte in small objects.
# expect: MEMORY_LIMIT
# layers: rlimits

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        kept = [[number] for number in range(8_000_000)]
        return f"{len(kept)} lists"
