# Starts as many threads as it can, up to 2,000.
# expect: BLOCKED
# layers: seccomp rlimits

import threading

from attack import Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        stop = threading.Event()
        threads = [threading.Thread(target=stop.wait, args=(10,), daemon=True) for _ in range(2000)]
        started = 0
        try:
            for thread in threads:
                thread.start()
                started += 1
        except RuntimeError as error:
            if started < 20:
                raise Denied(f"{started} threads, then {error}") from error
        finally:
            stop.set()
        return f"{started} threads"
