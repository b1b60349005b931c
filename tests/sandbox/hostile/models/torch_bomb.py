# Is a PyTorch file of two megabytes that becomes 300.
# expect: MEMORY_LIMIT
# layers: rlimits
# needs: torch

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"{self.models['MODEL']['layer'].sum()}"
