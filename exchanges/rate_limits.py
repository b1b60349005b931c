"""How much of a venue's budget is left: one count for all workers in Redis, or in this process where there is none.

An adapter names its venue's limits (`BaseExchange.rate_limits`) and what each request costs; `Budget.spend` waits its
turn or refuses. Orders go before reads: these leave a part of every limit untouched. When the venue says stop,
everybody stops. No Django here.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from redis.exceptions import RedisError

RESERVED_FOR_ORDERS = 0.05  # of every limit
ROLLING_SLOTS = 60
STORE_RETRY_SECONDS = 1.0


class Scope(StrEnum):
    """What the venue counts together."""

    ADDRESS = "address"  # everything from this IP address
    KEY = "key"  # everything with one API key


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`capacity` in the venue's own units.

    With `decay_per_second`, a counter that falls by that much every second and may not rise above `capacity` (Kraken,
    token buckets). Without it, at most `capacity` within `window_seconds` (Binance). A venue's windows begin at times
    of its own, so that much is kept within *any* stretch of that length.
    """

    name: str
    scope: Scope
    capacity: float
    window_seconds: float = 0.0
    decay_per_second: float = 0.0


@dataclass(frozen=True, slots=True)
class Charge:
    """A cost to be booked under a counter's key."""

    key: str
    limit: RateLimit
    cost: float


class Store(Protocol):
    def take(self, charges: Sequence[Charge], stops: Sequence[str], *, is_order: bool) -> float:
        """Book all charges and return 0, or book nothing and return the seconds after which it may work."""

    def raise_to(self, key: str, limit: RateLimit, used: float) -> None:
        """The venue has counted `used` in its present window: more than we knew if others share the limit."""

    def stop(self, key: str, seconds: float) -> None:
        """Nothing goes out under that key for so long."""


class OverBudget(Exception):
    """Nothing was sent. `retry_after`: seconds until it may work."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"{retry_after:.1f} seconds")
        self.retry_after = retry_after


class Budget:
    """What one adapter may still ask of its venue."""

    def __init__(
        self,
        store: Store,
        *,
        venue: str,
        address: str,
        api_key: str = "",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`address`: a name for the IP address that our requests come from."""
        self._store = store
        self._sleep = sleep
        key = hashlib.sha256(api_key.encode()).hexdigest()[:16] if api_key else "none"
        self._prefixes = {Scope.ADDRESS: f"{venue}:{address}", Scope.KEY: f"{venue}:key-{key}"}

    def spend(
        self, limits: Sequence[RateLimit], costs: Mapping[str, float], *, is_order: bool, patience_seconds: float
    ) -> None:
        """Wait until the costs (by limit's name) fit in, at most `patience_seconds`. Raises OverBudget."""
        charges = [Charge(self._key(limit), limit, costs[limit.name]) for limit in limits if costs.get(limit.name)]
        stops = [self._prefixes[scope] for scope in Scope]
        while (wait := self._take(charges, stops, is_order=is_order)) > 0:
            if wait > patience_seconds:
                raise OverBudget(wait)
            patience_seconds -= wait
            self._sleep(wait)

    def _take(self, charges: Sequence[Charge], stops: Sequence[str], *, is_order: bool) -> float:
        try:
            return self._store.take(charges, stops, is_order=is_order)
        except RedisError:  # without the common count nobody knows what is left, and a ban stops everybody
            raise OverBudget(STORE_RETRY_SECONDS) from None

    def learn(self, limits: Sequence[RateLimit], used: Mapping[str, float]) -> None:
        """What the venue's reply says is used up, by limit's name."""
        for limit in limits:
            if limit.name in used:
                self._store.raise_to(self._key(limit), limit, used[limit.name])

    def stop(self, seconds: float, scope: Scope = Scope.ADDRESS) -> None:
        """The venue refused for too many requests: nobody sends anything until then."""
        self._store.stop(self._prefixes[scope], seconds)

    def _key(self, limit: RateLimit) -> str:
        return f"{self._prefixes[limit.scope]}:{limit.name}"


# --- in this process
class LocalStore:
    """For one process without Redis. Threads share it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rolling: dict[str, dict[int, float]] = {}
        self._levels: dict[str, tuple[float, float]] = {}
        self._stopped: dict[str, float] = {}

    def take(self, charges: Sequence[Charge], stops: Sequence[str], *, is_order: bool) -> float:
        with self._lock:
            now = self._clock()
            waits = [self._stopped.get(key, 0.0) - now for key in stops]
            waits += [self._wait(charge, is_order, now) for charge in charges]
            if (longest := max(waits, default=0.0)) > 0:
                return longest
            for charge in charges:
                self._book(charge.key, charge.limit, charge.cost, now)
            return 0.0

    def raise_to(self, key: str, limit: RateLimit, used: float) -> None:
        with self._lock:
            now = self._clock()
            known = self._level(key, limit, now)
            if used > known:
                self._book(key, limit, used - known, now)

    def stop(self, key: str, seconds: float) -> None:
        with self._lock:
            self._stopped[key] = max(self._stopped.get(key, 0.0), self._clock() + seconds)

    def _wait(self, charge: Charge, is_order: bool, now: float) -> float:
        limit, room = charge.limit, _room(charge, is_order)
        excess = self._level(charge.key, limit, now) - room
        if excess <= 0:
            return 0.0
        if limit.decay_per_second:
            return excess / limit.decay_per_second
        length = _slot_seconds(limit)
        for slot, amount in sorted(self._rolling[charge.key].items()):
            excess -= amount
            if excess <= 0:
                return (slot + ROLLING_SLOTS + 1) * length - now
        raise AssertionError("what fits an empty limit fits at last")

    def _level(self, key: str, limit: RateLimit, now: float) -> float:
        if limit.decay_per_second:
            level, at = self._levels.get(key, (0.0, now))
            return max(0.0, level - (now - at) * limit.decay_per_second)
        slots = self._rolling.setdefault(key, {})
        oldest = int(now / _slot_seconds(limit)) - ROLLING_SLOTS
        for slot in [slot for slot in slots if slot < oldest]:
            del slots[slot]
        return sum(slots.values())

    def _book(self, key: str, limit: RateLimit, cost: float, now: float) -> None:
        level = self._level(key, limit, now)
        if limit.decay_per_second:
            self._levels[key] = (level + cost, now)
        else:
            slot = int(now / _slot_seconds(limit))
            self._rolling[key][slot] = self._rolling[key].get(slot, 0.0) + cost


def _slot_seconds(limit: RateLimit) -> float:
    return limit.window_seconds / ROLLING_SLOTS


def _room(charge: Charge, is_order: bool) -> float:
    """How high the counter may stand before the charge. One that is larger than its limit goes when that is empty."""
    capacity = charge.limit.capacity if is_order else charge.limit.capacity * (1 - RESERVED_FOR_ORDERS)
    return max(capacity - charge.cost, 0.0)


# --- for all workers
# KEYS: the stops, then a counter per charge. ARGV: now ("" for the server's clock), number of stops, then per charge
# room, decay per second, slot seconds, slots, cost, seconds to keep. The same as LocalStore, in one step for everybody.
_TAKE = """
local now = tonumber(ARGV[1])
if not now then local t = redis.call('TIME'); now = t[1] + t[2] / 1e6 end
local stops = tonumber(ARGV[2])
local longest = 0
for i = 1, stops do
    local untilwhen = tonumber(redis.call('GET', KEYS[i]) or '0')
    longest = math.max(longest, untilwhen - now)
end
local levels = {}
for i = stops + 1, #KEYS do
    local a = 2 + (i - stops - 1) * 6
    local room, decay, length = tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3])
    local slots = tonumber(ARGV[a + 4])
    if decay > 0 then
        local saved = redis.call('HMGET', KEYS[i], 'level', 'at')
        local level = math.max(0, tonumber(saved[1] or '0') - (now - tonumber(saved[2] or now)) * decay)
        levels[i] = level
        longest = math.max(longest, (level - room) / decay)
    else
        local all = redis.call('HGETALL', KEYS[i])
        local oldest = math.floor(now / length) - slots
        local kept, excess = {}, -room
        for j = 1, #all, 2 do
            local slot = tonumber(all[j])
            if slot < oldest then
                redis.call('HDEL', KEYS[i], all[j])
            else
                kept[#kept + 1] = {slot, tonumber(all[j + 1])}
                excess = excess + tonumber(all[j + 1])
            end
        end
        table.sort(kept, function(x, y) return x[1] < y[1] end)
        for j = 1, #kept do
            if excess <= 0 then break end
            excess = excess - kept[j][2]
            longest = math.max(longest, (kept[j][1] + slots + 1) * length - now)
        end
    end
end
if longest > 0 then return tostring(longest) end
for i = stops + 1, #KEYS do
    local a = 2 + (i - stops - 1) * 6
    local decay, length, cost = tonumber(ARGV[a + 2]), tonumber(ARGV[a + 3]), ARGV[a + 5]
    if decay > 0 then
        redis.call('HSET', KEYS[i], 'level', tostring(levels[i] + tonumber(cost)), 'at', tostring(now))
    else
        redis.call('HINCRBYFLOAT', KEYS[i], tostring(math.floor(now / length)), cost)
    end
    redis.call('EXPIRE', KEYS[i], ARGV[a + 6])
end
return '0'
"""
# KEYS: a counter. ARGV: now, decay, slot seconds, slots, seconds to keep, what the venue says is used.
_RAISE = """
local now = tonumber(ARGV[1])
if not now then local t = redis.call('TIME'); now = t[1] + t[2] / 1e6 end
local decay, length, slots, used = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[6])
if decay > 0 then
    local saved = redis.call('HMGET', KEYS[1], 'level', 'at')
    local level = math.max(0, tonumber(saved[1] or '0') - (now - tonumber(saved[2] or now)) * decay)
    if used > level then redis.call('HSET', KEYS[1], 'level', tostring(used), 'at', tostring(now)) end
else
    local all, sum = redis.call('HGETALL', KEYS[1]), 0
    local oldest = math.floor(now / length) - slots
    for j = 1, #all, 2 do
        if tonumber(all[j]) >= oldest then sum = sum + tonumber(all[j + 1]) end
    end
    if used > sum then
        redis.call('HINCRBYFLOAT', KEYS[1], tostring(math.floor(now / length)), tostring(used - sum))
    end
end
redis.call('EXPIRE', KEYS[1], ARGV[5])
"""


class RedisStore:
    """Shared by every process that talks to the same Redis. `clock` is for tests; Redis has one for all."""

    def __init__(self, client: Any, *, clock: Callable[[], float] | None = None, prefix: str = "rate") -> None:
        self._client = client
        self._clock = clock
        self._prefix = prefix
        self._take = client.register_script(_TAKE)
        self._raise = client.register_script(_RAISE)

    def take(self, charges: Sequence[Charge], stops: Sequence[str], *, is_order: bool) -> float:
        keys = [self._stop_key(key) for key in stops] + [f"{self._prefix}:{charge.key}" for charge in charges]
        arguments: list[Any] = [self._now(), len(stops)]
        for charge in charges:
            decay, length, slots, keep = _shape(charge.limit)
            arguments += [_room(charge, is_order), decay, length, slots, charge.cost, keep]
        return float(self._take(keys=keys, args=arguments))

    def raise_to(self, key: str, limit: RateLimit, used: float) -> None:
        self._raise(keys=[f"{self._prefix}:{key}"], args=[self._now(), *_shape(limit), used])

    def stop(self, key: str, seconds: float) -> None:
        now = self._clock() if self._clock else _seconds(self._client.time())
        name = self._stop_key(key)
        if float(self._client.get(name) or 0) < now + seconds:
            self._client.set(name, now + seconds, ex=int(seconds) + 1)

    def _stop_key(self, key: str) -> str:
        return f"{self._prefix}-stop:{key}"

    def _now(self) -> float | str:
        return self._clock() if self._clock else ""


def _shape(limit: RateLimit) -> tuple[float, float, int, int]:
    """Decay per second, seconds a slot, slots, seconds after which an untouched counter means nothing any more."""
    if limit.decay_per_second:
        return limit.decay_per_second, 1.0, 0, int(limit.capacity / limit.decay_per_second) + 60
    return 0.0, _slot_seconds(limit), ROLLING_SLOTS, int(limit.window_seconds * 2) + 1


def _seconds(time_reply: tuple[int, int]) -> float:
    return time_reply[0] + time_reply[1] / 1e6
