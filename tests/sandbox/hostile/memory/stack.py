# Calls itself without end, after lifting Python's limit.
# expect: RUNTIME_ERROR
# layers: host
# error: crashed (SIGSEGV)
# unconfined: it crashes there as well

import sys

from attack import Attack


class Deep:
    def __init__(self, inner: object) -> None:
        self.inner = inner

    def __repr__(self) -> str:
        return f"{self.inner!r}"


class Bot(Attack):
    def attack(self) -> str:
        sys.setrecursionlimit(10**9)
        deep: object = None
        for _ in range(500_000):
            deep = Deep(deep)
        return repr(deep)
