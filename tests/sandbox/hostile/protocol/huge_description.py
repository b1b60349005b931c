# Describes itself at length.
# expect: OUTPUT_LIMIT

from attack import Attack


class Bot(Attack):
    default_config = {"x": "y" * 1_000_000}
