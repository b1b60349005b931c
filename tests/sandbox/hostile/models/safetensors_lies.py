# Is a safetensors file of tensors that are larger than the file.
# expect: RUNTIME_ERROR
# needs: torch safetensors
# unconfined: the library itself stops it

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return "loaded"
