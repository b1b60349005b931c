# Prints without end before it is asked anything.
# expect: OUTPUT_LIMIT

from attack import Attack

for _ in range(100_000):
    print("x" * 1000)


class Bot(Attack):
    pass
