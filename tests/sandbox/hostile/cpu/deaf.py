# Ignores and blocks every signal that it can, then spins.
# expect: TIME_LIMIT
# layers: host

import contextlib
import signal
import time

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        for number in signal.valid_signals():
            with contextlib.suppress(OSError, ValueError):
                signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        stop = time.monotonic() + 10
        while time.monotonic() < stop:
            pass
        return "spun"
