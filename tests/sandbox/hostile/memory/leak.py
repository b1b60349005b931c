# Keeps a little more with every call.
# expect: MEMORY_LIMIT
# layers: rlimits
# calls: 12

from attack import Attack, Denied


class Bot(Attack):
    kept: list[bytearray] = []

    def attack(self) -> str:
        self.kept.append(bytearray(50_000_000))
        if len(self.kept) < 12:
            raise Denied("not yet")
        return f"{len(self.kept)} pieces"
