# Becomes 400 MB when joblib unpacks it.
# expect: MEMORY_LIMIT
# layers: rlimits

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"{len(self.models['MODEL'])} bytes"
