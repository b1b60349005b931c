# Never finishes being unpickled.
# expect: TIME_LIMIT

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return "loaded"
