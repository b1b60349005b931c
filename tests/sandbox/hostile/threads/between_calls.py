# Goes on computing after it has answered.
# expect: BLOCKED
# layers: stopping seccomp
# calls: 2
# pause: 1.5

import threading
import time

from attack import Attack, Denied


def spin() -> None:
    stop = time.monotonic() + 5
    while time.monotonic() < stop:
        pass


class Bot(Attack):
    used = -1.0

    def attack(self) -> str:
        if self.used < 0:
            try:
                threading.Thread(target=spin, daemon=True).start()
            except RuntimeError as error:
                raise Denied(str(error)) from error
            self.used = time.process_time()
            raise Denied("not yet")
        used = time.process_time() - self.used
        if used < 0.2:
            raise Denied(f"{used:.3f} seconds in between")
        return f"computed {used:.3f} seconds in between"
