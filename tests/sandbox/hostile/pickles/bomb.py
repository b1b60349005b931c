# Becomes a gigabyte when it is unpickled.
# expect: MEMORY_LIMIT
# layers: rlimits

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"{len(self.models['MODEL'])} bytes"
