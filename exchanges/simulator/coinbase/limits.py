"""Token buckets, in real time. Both Coinbase faces have them.

https://docs.cdp.coinbase.com/advanced-trade/docs/rest-api-rate-limits and
https://docs.cdp.coinbase.com/exchange/rest-api/rate-limits, "How Rate Limits Work"
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    burst: int
    per_second: float


class Buckets:
    """One for everybody who is counted apart. `enabled` may be switched off by a test that is about something else."""

    def __init__(self, rates: dict[str, Rate], clock: Callable[[], float] = time.monotonic) -> None:
        self.rates = rates
        self.enabled = True
        self._clock = clock
        self._levels: dict[tuple[str, str], tuple[float, float]] = {}

    def take(self, name: str, who: str) -> bool:
        """False where it is empty."""
        rate, now = self.rates[name], self._clock()
        level, at = self._levels.get((name, who), (float(rate.burst), now))
        level = min(rate.burst, level + (now - at) * rate.per_second)
        has_one = level >= 1 or not self.enabled
        self._levels[name, who] = (level - 1 if level >= 1 else level, now)
        return has_one
