# Ends itself by a signal.
# expect: RUNTIME_ERROR
# layers: host
# error: crashed (SIGKILL)
# unconfined: it would be gone

import signal

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        signal.raise_signal(signal.SIGKILL)
        return "survived"
