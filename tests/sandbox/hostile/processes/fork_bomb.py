# Makes as many processes as it can, up to 200.
# expect: BLOCKED
# layers: seccomp

import os
import time

from attack import Attack


class Bot(Attack):
    def attack(self) -> str:
        pids = []
        try:
            for _ in range(200):
                pid = os.fork()
                if pid == 0:
                    time.sleep(1)
                    os._exit(0)
                pids.append(pid)
        finally:
            for pid in pids:
                os.waitpid(pid, 0)
        return f"{len(pids)} processes"
