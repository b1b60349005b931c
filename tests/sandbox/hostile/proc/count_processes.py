# Counts processes by asking for the folder of each. Borne: numbers, users and start times; in tier A of workers only.
# expect: NOT_STOPPED

import os

from attack import Attack, Denied


class Bot(Attack):
    def attack(self) -> str:
        own = os.getpid()
        found = []
        for number in range(1, own + 50):
            try:
                found.append((number, os.stat(f"/proc/{number}").st_uid))
            except OSError:
                continue
        if len(found) < 2:
            raise Denied("only itself")
        return f"{len(found)} processes"
