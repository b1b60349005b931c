# Fills the kernel's memory with signals to itself that are never delivered; the kernel counts them per user.
# expect: BLOCKED
# layers: rlimits

import os
import signal
import threading

from attack import Attack, call


class Bot(Attack):
    def attack(self) -> str:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        thread = threading.get_native_id()
        for count in range(20_000):
            try:
                call("tgkill", os.getpid(), thread, int(signal.SIGRTMIN) + 5)
            except OSError:
                if count < 5000:
                    raise
                break
        return f"{count} signals are waiting"
