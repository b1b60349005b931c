# Is a skops file of two megabytes that becomes 300.
# expect: MEMORY_LIMIT
# layers: rlimits

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"{self.models['MODEL']['array'].nbytes} bytes"
