# Names os.system in the configuration of a Keras layer.
# expect: RUNTIME_ERROR
# needs: keras torch
# unconfined: Keras itself refuses it

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return "loaded"
