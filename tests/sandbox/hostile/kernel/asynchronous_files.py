# Makes a queue for asynchronous file access.
# expect: BLOCKED
# layers: seccomp

import ctypes

from attack import Attack, call


class Bot(Attack):
    def attack(self) -> str:
        queue = ctypes.c_ulong()
        call("io_setup", 1, ctypes.byref(queue))
        return f"queue {queue.value}"
