# Ends its process in the middle of a question.
# expect: RUNTIME_ERROR
# error: ended its own process (exit code 0)

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        os._exit(0)
