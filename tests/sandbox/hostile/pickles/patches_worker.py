# Replaces the worker's own functions when it is unpickled.
# expect: PROTOCOL_ERROR | RUNTIME_ERROR
# unconfined: needs a worker

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return "patched"
