# Computes with a number of millions of digits.
# expect: TIME_LIMIT
# layers: host

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"{(7**4_000_000 * 3**6_000_000) % 10}"
