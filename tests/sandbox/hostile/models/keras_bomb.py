# Is a Keras file of two megabytes that becomes 300.
# expect: MEMORY_LIMIT
# layers: rlimits
# needs: keras torch
# unconfined: it is no model in the end

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return "loaded"
