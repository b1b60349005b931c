# Is an XGBoost model of nonsense in C++ hands.
# expect: RUNTIME_ERROR | MEMORY_LIMIT
# unconfined: the library itself stops it, or crashes

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return "loaded"
