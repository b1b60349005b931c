"""Rate limits: request weight per IP and minute, new orders per account.

They count in real time, not simulated.

Spot: https://github.com/binance/binance-spot-api-docs/blob/master/rest-api.md#limits
/sapi: https://developers.binance.com/docs/margin_trading/general-info
Futures: https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from exchanges.simulator.binance.params import ApiError

WEIGHT_PER_MINUTE = 6000
FUTURES_WEIGHT_PER_MINUTE = 2400
WALLET_IP_WEIGHT, WALLET_UID_WEIGHT = 12_000, 180_000  # per minute, of every endpoint for itself
RAW_REQUESTS_PER_5_MINUTES = 61_000  # told in exchangeInfo, not counted: the weight runs out first
IGNORED_BEFORE_BAN = 20  # the docs say "repeatedly"
FIRST_BAN_SECONDS = 120  # bans scale from 2 minutes to 3 days
LONGEST_BAN_SECONDS = 3 * 86_400


@dataclass(frozen=True, slots=True)
class OrderLimit:
    seconds: int
    limit: int
    interval: str  # as exchangeInfo says it,
    number: int
    header: str  # and as the reply's header ends


SPOT_ORDER_LIMITS = (OrderLimit(10, 100, "SECOND", 10, "10S"), OrderLimit(86_400, 200_000, "DAY", 1, "1D"))
FUTURES_ORDER_LIMITS = (OrderLimit(10, 300, "SECOND", 10, "10S"), OrderLimit(60, 1200, "MINUTE", 1, "1M"))


@dataclass
class _Address:
    minute: int = 0
    weight: int = 0
    ignored: int = 0
    bans: int = 0
    banned_until: float = 0.0


@dataclass
class _Orders:
    window: dict[int, int] = field(default_factory=dict)  # interval in seconds -> which one is counted
    count: dict[int, int] = field(default_factory=dict)


class RateLimits:
    def __init__(
        self,
        weight_per_minute: int = WEIGHT_PER_MINUTE,
        clock: Callable[[], float] = time.time,
        *,
        order_limits: tuple[OrderLimit, ...] = SPOT_ORDER_LIMITS,
    ) -> None:
        self.weight_per_minute = weight_per_minute
        self.order_limits = order_limits
        self._clock = clock
        self._addresses: dict[str, _Address] = {}
        self._orders: dict[int, _Orders] = {}
        self._wallet: dict[tuple[str, str], _Address] = {}

    def spend(self, address: str, weight: int) -> dict[str, str]:
        """Count a request and return the headers that tell so; raise 429, or 418 for who goes on anyway."""
        names = ("X-MBX-USED-WEIGHT", "X-MBX-USED-WEIGHT-1M")
        state = self._addresses.setdefault(address, _Address())
        return self._spend(state, weight, self.weight_per_minute, names)

    def spend_wallet(self, address: str, path: str, weight: int) -> dict[str, str]:
        """Of /sapi, by address: each endpoint counts for itself."""
        state = self._wallet.setdefault((address, path), _Address())
        return self._spend(state, weight, WALLET_IP_WEIGHT, ("X-SAPI-USED-IP-WEIGHT-1M",))

    def spend_uid(self, account_id: int, path: str, weight: int) -> dict[str, str]:
        """Of /sapi, by account."""
        state = self._wallet.setdefault((f"account {account_id}", path), _Address())
        return self._spend(state, weight, WALLET_UID_WEIGHT, ("X-SAPI-USED-UID-WEIGHT-1M",))

    def _spend(self, state: _Address, weight: int, limit: int, headers: tuple[str, ...]) -> dict[str, str]:
        now = self._clock()
        if now < state.banned_until:
            raise self._banned(state, now)
        if state.minute != int(now // 60):
            state.minute, state.weight, state.ignored = int(now // 60), 0, 0
        state.weight += weight
        told = dict.fromkeys(headers, str(state.weight))
        if state.weight <= limit:
            return told
        state.ignored += 1
        if state.ignored > IGNORED_BEFORE_BAN:
            seconds = min(FIRST_BAN_SECONDS * 2**state.bans, LONGEST_BAN_SECONDS)
            state.bans += 1
            state.banned_until = now + seconds
            raise self._banned(state, now)
        raise too_many_requests(limit, 60 - int(now % 60), told)

    def count_order(self, account_id: int, orders: int = 1) -> None:
        """Count new orders before they are placed."""
        counts = self.order_counts(account_id)
        for each in self.order_limits:
            if counts[each.seconds] + orders > each.limit:
                raise ApiError(
                    -1015,
                    f"Too many new orders; current limit is {each.limit} orders per {each.number} {each.interval}.",
                    429,
                    {"Retry-After": str(each.seconds - int(self._clock() % each.seconds))},
                )
        for seconds in counts:
            counts[seconds] += orders

    def order_filled(self, account_id: int) -> None:
        """An order that fills as it arrives does not count (faqs/order_count_decrement.md, of spot)."""
        counts = self.order_counts(account_id)
        for seconds in counts:
            counts[seconds] = max(0, counts[seconds] - 1)

    def order_headers(self, account_id: int) -> dict[str, str]:
        counts = self.order_counts(account_id)
        return {f"X-MBX-ORDER-COUNT-{each.header}": str(counts[each.seconds]) for each in self.order_limits}

    def order_counts(self, account_id: int) -> dict[int, int]:
        """By length of the interval in seconds."""
        now = self._clock()
        state = self._orders.setdefault(account_id, _Orders())
        for each in self.order_limits:
            window = int(now // each.seconds)
            if state.window.get(each.seconds) != window:
                state.window[each.seconds], state.count[each.seconds] = window, 0
        return state.count

    def _banned(self, state: _Address, now: float) -> ApiError:
        return banned(state.banned_until, int(state.banned_until - now) + 1)


def too_many_requests(limit: int, retry_after: int, headers: dict[str, str] | None = None) -> ApiError:
    return ApiError(
        -1003,
        f"Too much request weight used; current limit is {limit} request weight per"
        " 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.",
        429,
        {"Retry-After": str(retry_after), **(headers or {})},
    )


def banned(until: float, retry_after: int) -> ApiError:
    return ApiError(
        -1003,
        f"Way too much request weight used; IP banned until {int(until * 1000)}."
        " Please use WebSocket Streams for live updates to avoid bans.",
        418,
        {"Retry-After": str(retry_after)},
    )
