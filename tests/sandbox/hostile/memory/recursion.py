# Calls itself without end.
# expect: RUNTIME_ERROR
# layers: host
# error: RecursionError
# unconfined: Python itself stops it

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return self.attack()
