"""The simulated clock: it can stand still, run faster than real time, or be moved forward.

It never goes back.
"""

from __future__ import annotations

import time
from collections.abc import Callable

END_MS = 2_524_608_000_000  # 2050-01-01; the prices of the random walk end a little later


class SimulatedClock:
    """Milliseconds since 1970, UTC, as the venue's clocks tell them.

    `speed` is simulated seconds per real second; 0 stops the clock. A clock that runs faster than real time
    and catches up with it goes on at speed 1, since nothing it could show lies in the future. `advance` and
    `set` may go there.
    """

    def __init__(
        self,
        start_ms: int,
        speed: float = 1.0,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._monotonic = monotonic
        self._wall = wall
        self._anchor_ms = start_ms
        self._anchor_at = monotonic()
        self._speed = 1.0
        self._speed_since = self._anchor_at
        self.set_speed(speed)

    @property
    def speed(self) -> float:
        return self._speed

    def now_ms(self) -> int:
        elapsed_ms = (self._monotonic() - self._anchor_at) * 1000
        now = self._anchor_ms + elapsed_ms * self._speed
        if self._speed > 1:
            wall_ms = self._wall() * 1000
            if now > wall_ms:  # caught up; where it was set ahead of real time it goes on from there
                now = max(wall_ms, self._anchor_ms + elapsed_ms)
        return int(now)

    def set_speed(self, speed: float) -> None:
        if not 0 <= speed <= 100_000:
            raise ValueError("the speed must be between 0 and 100000 simulated seconds per second")
        self._anchor(self.now_ms())
        self._speed = speed
        self._speed_since = self._anchor_at

    def advance(self, seconds: float) -> None:
        if not 0 <= seconds <= END_MS:
            raise ValueError("the clock does not go back, nor on for ever")
        self.set(self.now_ms() + round(seconds * 1000))

    def set(self, ms: int) -> None:
        if ms < self.now_ms():
            raise ValueError("the clock does not go back")
        if ms > END_MS:
            raise ValueError("the clock ends with the year 2049")
        self._anchor(ms)

    def client_tolerance(self) -> tuple[float, float]:
        """How far a well-behaved client's timestamp may be off: (factor on time limits, extra ms ahead).

        A client measures its offset once and then goes on at real speed. Against a fast clock it falls
        behind, so limits that mean real time are stretched by the speed; against a slow or stopped one it
        runs ahead, by no more than the time for which the clock has been slow.
        """
        factor = max(1.0, self._speed)
        ahead_ms = max(0.0, 1 - self._speed) * (self._monotonic() - self._speed_since) * 1000
        return factor, ahead_ms

    def _anchor(self, ms: int) -> None:
        self._anchor_ms = ms
        self._anchor_at = self._monotonic()
