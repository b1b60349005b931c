# Is TorchScript of nonsense in C++ hands.
# expect: RUNTIME_ERROR
# needs: torch
# unconfined: the library itself stops it, or crashes

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return "loaded"
