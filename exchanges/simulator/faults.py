"""Faults: what goes wrong between a venue and its clients, on demand.

A fault waits for requests that it is about: of one face (`Face.name`), of one operation (`http.OPERATIONS`), or of all.
It hits the next `count` of them, or each with a `probability`; which ones follows from its seed and the order of the
requests alone. A request is hit by one fault at most, the oldest that is due.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from exchanges.simulator.http import OPERATIONS, Face, Reply, Request
from exchanges.simulator.simulator import Simulator

LOOK_UPS = frozenset({"get_order", "open_orders", "fills"})
DEFAULT_SILENCE = 3
DEFAULT_SLOW_SECONDS = 1.0
DEFAULT_SKEW_SECONDS = 30.0
PARTIAL_SHARE = Decimal("0.5")


class FaultKind(StrEnum):
    REPLY_LOST = "reply_lost"  # the venue has acted; the connection is reset before the reply
    CONNECTION_RESET = "connection_reset"  # before the request was read
    SLOW = "slow"  # the venue acts, the reply comes `seconds` later
    SERVER_ERROR = "server_error"  # 5xx; with `acted` after the venue has acted all the same
    TOO_MANY_REQUESTS = "too_many_requests"  # 429; `seconds` is its Retry-After
    BANNED = "banned"  # 418, or what the venue has for it
    MALFORMED = "malformed"  # the venue acts; half of the reply's text is missing
    CLOCK_SKEW = "clock_skew"  # the venue's clock jumps ahead by `seconds`
    DUPLICATE_DELIVERY = "duplicate_delivery"  # the venue gets the request twice; the client the second reply
    PARTIAL_FILL_THEN_SILENCE = "partial_fill_then_silence"  # half fills, the reply and `silence` look-ups are lost
    VENUE_DOWN = "venue_down"  # every connection is reset
    MARKET_SUSPENDED = "market_suspended"  # orders and cancels are refused in the venue's words
    CANCEL_ONLY = "cancel_only"  # orders are


# What a kind is about where no operation is named; the others are about all.
OPERATIONS_OF = {
    FaultKind.PARTIAL_FILL_THEN_SILENCE: frozenset({"submit"}),
    FaultKind.MARKET_SUSPENDED: frozenset({"submit", "cancel"}),
    FaultKind.CANCEL_ONLY: frozenset({"submit"}),
}
ANSWERED_BY_FACE = frozenset(
    {
        FaultKind.SERVER_ERROR,
        FaultKind.TOO_MANY_REQUESTS,
        FaultKind.BANNED,
        FaultKind.MARKET_SUSPENDED,
        FaultKind.CANCEL_ONLY,
    }
)
LASTING = frozenset({FaultKind.VENUE_DOWN, FaultKind.MARKET_SUSPENDED, FaultKind.CANCEL_ONLY})  # until removed


class FaultError(ValueError):
    """A fault that cannot be; the sentence says why."""


class ReplyLost(Exception):
    """The connection is to be closed without a reply."""


class Seam:
    """Around every request to a venue. This one lets all pass."""

    async def before(self, face: Face, request: Request) -> Reply | None:
        """Answer in the venue's place, raise ReplyLost, or None to let the request through."""
        del face, request
        return None

    async def after(self, face: Face, request: Request, reply: Reply) -> Reply:
        """Change the reply, or raise ReplyLost: the venue has acted, the client will not know."""
        del face, request
        return reply


@dataclass(slots=True)
class Fault:
    fault_id: int
    kind: FaultKind
    venue: str | None  # the name of a face; None: all
    operations: frozenset[str] | None  # None: all
    count: int | None  # how many it may still hit; None: as many as come
    probability: float | None
    seed: int
    seconds: float | None
    silence: int
    acted: bool
    hits: int = 0
    _random: random.Random = field(default_factory=random.Random)

    def is_due(self, face: Face, operation: str) -> bool:
        if self.count == 0 or (self.venue is not None and self.venue != face.name):
            return False
        if self.operations is not None and operation not in self.operations:
            return False
        return self.probability is None or self._random.random() < self.probability

    def as_dict(self) -> dict[str, Any]:
        return {
            "id": self.fault_id,
            "kind": str(self.kind),
            "venue": self.venue,
            "operations": sorted(self.operations) if self.operations is not None else None,
            "count": self.count,
            "probability": self.probability,
            "seed": self.seed,
            "hits": self.hits,
        }


class Faults(Seam):
    """The seam through which faults come in, in front of another one."""

    def __init__(self, simulator: Simulator, process: Callable[[Face, Request], Reply], inner: Seam) -> None:
        self._simulator = simulator
        self._process = process
        self._inner = inner
        self._faults: dict[int, Fault] = {}
        self._last_id = 0
        self._hitting: dict[int, Fault] = {}  # by id() of the request on its way

    # --- control
    def add(self, body: dict[str, Any]) -> dict[str, Any]:
        """{kind, venue, operation, count | probability, seed, seconds, silence, acted}; only `kind` is needed.

        Without count and probability it hits once; a venue that is down, suspended or cancel-only stays so.
        """
        known = {"kind", "venue", "operation", "count", "probability", "seed", "seconds", "silence", "acted"}
        if unknown := set(body) - known:
            raise FaultError(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(sorted(known))}")
        fault = _read(body, self._last_id + 1)
        self._last_id += 1
        self._faults[fault.fault_id] = fault
        return fault.as_dict()

    def list(self) -> list[dict[str, Any]]:
        """Those that are over too, with how often they hit."""
        return [fault.as_dict() for fault in self._faults.values()]

    def remove(self, fault_id: str | None = None) -> dict[str, int]:
        """One, or all."""
        chosen = [key for key in self._faults if fault_id is None or str(key) == fault_id]
        for key in chosen:
            del self._faults[key]
        return {"removed": len(chosen)}

    # --- the seam
    async def before(self, face: Face, request: Request) -> Reply | None:
        reply = await self._inner.before(face, request)
        if reply is not None or not self._faults:
            return reply
        operation = face.operation(request)
        fault = next((f for f in self._faults.values() if f.is_due(face, operation)), None)
        if fault is None:
            return None
        fault.hits += 1
        if fault.count is not None:
            fault.count -= 1
        if fault.kind in (FaultKind.CONNECTION_RESET, FaultKind.VENUE_DOWN):
            raise ReplyLost
        if fault.kind in ANSWERED_BY_FACE and not fault.acted:
            return self._error(face, fault)
        if fault.kind is FaultKind.CLOCK_SKEW:
            self._simulator.clock.advance(DEFAULT_SKEW_SECONDS if fault.seconds is None else fault.seconds)
        if fault.kind is FaultKind.DUPLICATE_DELIVERY:
            self._process(face, request)
        if fault.kind is FaultKind.PARTIAL_FILL_THEN_SILENCE:
            self._set_fill_share(PARTIAL_SHARE)
        self._hitting[id(request)] = fault
        return None

    async def after(self, face: Face, request: Request, reply: Reply) -> Reply:
        fault = self._hitting.pop(id(request), None)
        if fault is not None:
            reply = await self._hit(fault, face, reply)
        return await self._inner.after(face, request, reply)

    async def _hit(self, fault: Fault, face: Face, reply: Reply) -> Reply:
        if fault.kind is FaultKind.PARTIAL_FILL_THEN_SILENCE:
            self._set_fill_share(None)
            self._fall_silent(fault, face)
            raise ReplyLost
        if fault.kind is FaultKind.REPLY_LOST:
            raise ReplyLost
        if fault.kind is FaultKind.SLOW:
            await asyncio.sleep(DEFAULT_SLOW_SECONDS if fault.seconds is None else fault.seconds)
        if fault.kind is FaultKind.MALFORMED:
            text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body, separators=(",", ":"))
            return Reply(reply.status, Raw(text[: len(text) // 2]), reply.headers)
        if fault.kind in ANSWERED_BY_FACE:
            return self._error(face, fault)
        return reply

    def _error(self, face: Face, fault: Fault) -> Reply:
        reply = face.error(str(fault.kind))
        if fault.seconds is not None and "Retry-After" in reply.headers:
            reply.headers["Retry-After"] = f"{fault.seconds:g}"
        return reply

    def _fall_silent(self, fault: Fault, face: Face) -> None:
        """The next look-ups at that face are lost."""
        self._last_id += 1
        self._faults[self._last_id] = Fault(
            fault_id=self._last_id,
            kind=FaultKind.CONNECTION_RESET,
            venue=face.name,
            operations=LOOK_UPS,
            count=fault.silence,
            probability=None,
            seed=fault.seed,
            seconds=None,
            silence=0,
            acted=False,
        )

    def _set_fill_share(self, share: Decimal | None) -> None:
        for venue in self._simulator.venues.values():
            venue.fill_share = share


class Raw(str):
    """Text that is sent as it is, under the name of JSON."""

    __slots__ = ()


def _read(body: dict[str, Any], fault_id: int) -> Fault:
    try:
        kind = FaultKind(str(body.get("kind")))
    except ValueError as error:
        raise FaultError(f"kind must be one of {', '.join(FaultKind)}") from error
    operation = body.get("operation")
    if operation is not None and operation not in OPERATIONS:
        raise FaultError(f"operation must be one of {', '.join(OPERATIONS)}")
    seed = int(_number(body, "seed", 0) or 0)
    count, probability = _number(body, "count", None), _number(body, "probability", None)
    if count is None and probability is None and kind not in LASTING:
        count = 1
    if count is not None and (count < 1 or count != int(count)):
        raise FaultError("count must be a whole number above zero")
    if probability is not None and not 0 <= probability <= 1:
        raise FaultError("probability must be between 0 and 1")
    return Fault(
        fault_id=fault_id,
        kind=kind,
        venue=None if body.get("venue") is None else str(body["venue"]),
        operations=OPERATIONS_OF.get(kind) if operation is None else frozenset({str(operation)}),
        count=None if count is None else int(count),
        probability=probability,
        seed=seed,
        seconds=_number(body, "seconds", None),
        silence=int(_number(body, "silence", DEFAULT_SILENCE) or 0),
        acted=bool(body.get("acted")),
        _random=random.Random(seed),  # noqa: S311 - to be the same every time
    )


def _number(body: dict[str, Any], name: str, default: float | None) -> float | None:
    value = body.get(name)
    if value is None:
        return default
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise FaultError(f"{name} must be a number") from error
    if not 0 <= number < 1e9:
        raise FaultError(f"{name} must not be negative, nor endless")
    return number
