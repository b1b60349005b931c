# Makes a session of its own, so that a signal to its group no longer reaches it.
# expect: BLOCKED
# layers: seccomp
# unconfined: the leader of a session cannot make another

import os

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        return f"session {os.setsid()}"
