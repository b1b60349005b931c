# Goes on computing after it has answered.
# expect: BLOCKED
# layers: stopping seccomp
# calls: 2
# pause: 1.5

import threading
import time

from attack import Attack, Denied

# Half of the pause in the header. Who is stopped feels a gap of nearly all of it, however busy the machine is (nearly:
# a signal reaches a process when it gets its turn); who is only kept waiting by others gets a turn in between.
STOPPED_SECONDS = 0.75


class Heart(threading.Thread):
    """Computes, and knows how long it was kept from it at most."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.longest_gap = 0.0
        self.end = False

    def run(self) -> None:
        self.last = time.monotonic()
        while not self.end:
            self.beat()
        self.beat()  # it may have been told to end before it noticed how long it had been away

    def beat(self) -> None:
        now = time.monotonic()
        self.longest_gap = max(self.longest_gap, now - self.last)
        self.last = now


class Bot(Attack):
    heart: Heart | None = None

    def attack(self) -> str:
        if self.heart is None:
            heart = Heart()
            try:
                heart.start()
            except RuntimeError as error:
                raise Denied(str(error)) from error
            self.heart = heart
            raise Denied("not yet")
        self.heart.end = True
        self.heart.join()
        gap = self.heart.longest_gap
        if gap >= STOPPED_SECONDS:
            raise Denied(f"stopped for {gap:.3f} seconds")
        return f"never stopped for longer than {gap:.3f} seconds"
