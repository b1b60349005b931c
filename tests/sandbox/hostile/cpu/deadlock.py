# Waits for itself.
# expect: TIME_LIMIT
# layers: host

import threading

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        lock = threading.Lock()
        lock.acquire()
        lock.acquire(timeout=10)
        return "waited"
