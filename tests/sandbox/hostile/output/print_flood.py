# Prints without end.
# expect: OUTPUT_LIMIT

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        for _ in range(100_000):
            print("x" * 1000)
        return "printed"
