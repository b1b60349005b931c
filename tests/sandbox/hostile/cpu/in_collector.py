# Spins whenever Python collects garbage.
# expect: TIME_LIMIT
# layers: host

import gc
import time

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        gc.callbacks.append(lambda phase, info: time.sleep(5))
        gc.collect()
        return "slept"
