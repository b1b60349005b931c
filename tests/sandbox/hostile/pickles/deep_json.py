# Is a JSON file nested a hundred thousand deep.
# expect: RUNTIME_ERROR
# unconfined: Python itself stops it

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return "loaded"
