# Goes on after it was told that there is no more memory.
# expect: OK | BLOCKED
# layers: rlimits

from attack import Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        kept = []
        for _ in range(300):
            try:
                kept.append(bytearray(10_000_000))
            except MemoryError:
                continue
        if len(kept) < 100:
            raise Denied(f"{len(kept)} pieces of 300")
        return f"{len(kept)} pieces"
