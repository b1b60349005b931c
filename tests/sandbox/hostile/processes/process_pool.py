# Works in a pool of processes.
# expect: BLOCKED
# layers: seccomp

import os
from concurrent.futures import ProcessPoolExecutor

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        with ProcessPoolExecutor(1) as pool:
            return f"{pool.submit(os.getpid).result()} is not {os.getpid()}"
