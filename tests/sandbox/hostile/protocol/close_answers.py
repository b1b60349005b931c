# Closes the pipe for its answers and goes on.
# expect: PROTOCOL_ERROR

import os
import time

from attack import Attack, conversation


class Bot(Attack):
    def attack(self) -> str:
        pipe, *_ = conversation()
        os.close(pipe)
        time.sleep(10)
        return "closed"
