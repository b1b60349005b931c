# Describes itself with values that no JSON can hold.
# expect: RUNTIME_ERROR

from attack import Attack


class Bot(Attack):
    default_config = {"x": float("nan"), "y": {1, 2}}
