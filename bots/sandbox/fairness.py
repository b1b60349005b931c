"""So that a bot which always runs to its limit delays the others by no more than its share."""

from __future__ import annotations

import time
from collections.abc import Callable

LONGEST_PAUSE = 16  # times what the bot took


class Pauses:
    """Versions that ran out of time again and again are not asked for a while.

    Once may be the machine's fault and has no consequence. From the second time in a row on, a version waits twice as
    long as it has just taken, then four times, eight times, at most sixteen: what hangs for ever gets a seventeenth of
    the time. It keeps its full limits, so that a bot which is merely slow recovers by itself.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._strikes: dict[str, int] = {}  # by version; only those that have some
        self._until: dict[str, float] = {}

    def seconds_left(self, version: str) -> float:
        """How long the version has to wait; 0 when it may be asked."""
        until = self._until.get(version)
        return 0.0 if until is None else max(until - self._clock(), 0.0)

    def note(self, version: str, *, took_seconds: float, ran_out: bool) -> None:
        """After each time it was asked. An answer in time takes one strike away again."""
        strikes = self._strikes.pop(version, 0) + (1 if ran_out else -1)
        self._until.pop(version, None)
        if strikes > 0:
            self._strikes[version] = strikes
        if ran_out and strikes > 1:
            self._until[version] = self._clock() + took_seconds * min(2 ** (strikes - 1), LONGEST_PAUSE)
