# Names a class that starts a program as a Keras model.
# expect: RUNTIME_ERROR
# error: Could not locate class 'Popen'
# needs: keras torch
# unconfined: Keras itself refuses it

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return "loaded"
