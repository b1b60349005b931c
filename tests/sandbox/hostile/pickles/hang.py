# Never finishes being unpickled.
# expect: TIME_LIMIT
# start_up: 2

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return "loaded"
