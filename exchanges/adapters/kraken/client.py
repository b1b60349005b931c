"""krakenex with what it lacks: a nonce that never repeats, a time-out on every call, refusals as exceptions.

The library signs and sends. What it answers are replies or `Refusal`s that hold nothing secret.
"""

from __future__ import annotations

import binascii
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import krakenex
import requests

from exchanges.calls import Refused, Unreadable
from exchanges.rate_limits import Scope

# https://docs.kraken.com/api/docs/guides/spot-errors
INVALID_NONCE = "EAPI:Invalid nonce"
INVALID_DEADLINE = "EGeneral:Invalid arguments:deadline"
THROTTLED = "EService:Throttled"

# For how long everybody with the key (of a public call: from this address) holds back.
# https://docs.kraken.com/api/docs/guides/spot-rest-ratelimits: "for a few seconds (or possibly longer ...)"
STOP_SECONDS = {"EAPI:Rate limit exceeded": 5.0, "EGeneral:Too many requests": 5.0, "EGeneral:Temporary lockout": 900.0}
TOO_MANY_REQUESTS_SECONDS = 15.0  # of an HTTP 429 that does not say

FIRST_LEAD_SECONDS = 5
LONGEST_LEAD_SECONDS = 3600
LONGEST_TURN_SECONDS = 2.0


class Refusal(Refused):
    """What Kraken's `error` lists, or an HTTP status that is not 200 with what came along."""

    def __init__(
        self, status: int, errors: tuple[str, ...] = (), *, is_public: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(f"HTTP {status}, {', '.join(errors) or 'no error named'}")
        self.status = status
        self.errors = errors
        # Checked before anything else is done with the request, an order's too.
        self.is_about_time = status == 200 and any(
            error.startswith((INVALID_NONCE, INVALID_DEADLINE)) for error in errors
        )
        stops = [seconds for error in errors for start, seconds in STOP_SECONDS.items() if error.startswith(start)]
        if throttled := _throttled_seconds(errors):
            stops.append(throttled)
        if status == requests.codes.too_many_requests:
            stops.append(retry_after or TOO_MANY_REQUESTS_SECONDS)
        self.stop_seconds = max(stops, default=0.0)
        self.stop_scope = Scope.ADDRESS if is_public or status != 200 else Scope.KEY
        self.retry_after = retry_after or self.stop_seconds or None


class Nonces:
    """Microseconds since 1970, each larger than all before it of the same key in this process.

    The venue wants every request of a key to have a larger nonce than the one before
    (https://docs.kraken.com/api/docs/guides/spot-rest-auth). In one process the requests of a key take turns. Workers
    in several processes share a key without talking to each other, so one can overtake another on the wire: that one's
    request is refused, nothing is carried out, and it is sent again with a nonce of that later moment. When that one is
    refused too, the other's clock may be ahead of ours: from then on ours leads by so much. The key's own setting
    "nonce window" (10,000,000 in our unit is ten seconds) makes the venue take what arrives late.
    """

    def __init__(self, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._clock_ns = clock_ns
        self._lock = threading.Lock()
        self._last: dict[str, int] = {}
        self._turns: dict[str, threading.Lock] = {}
        self._refusals: dict[str, int] = {}  # in a row
        self._lead_seconds: dict[str, int] = {}

    @contextmanager
    def turn(self, key: str) -> Iterator[None]:
        """Whoever hangs on the line does not hold up the others for long."""
        with self._lock:
            turn = self._turns.setdefault(key, threading.Lock())
        is_ours = turn.acquire(timeout=LONGEST_TURN_SECONDS)
        try:
            yield
        finally:
            if is_ours:
                turn.release()

    def next(self, key: str) -> int:
        with self._lock:
            now = self._clock_ns() // 1000 + self._lead_seconds.get(key, 0) * 1_000_000
            self._last[key] = max(now, self._last.get(key, 0) + 1)
            return self._last[key]

    def accepted(self, key: str) -> None:
        with self._lock:
            self._refusals.pop(key, None)

    def refused(self, key: str) -> None:
        with self._lock:
            self._refusals[key] = self._refusals.get(key, 0) + 1
            if self._refusals[key] > 1:
                lead = self._lead_seconds.get(key, 0)
                self._lead_seconds[key] = min(max(2 * lead, FIRST_LEAD_SECONDS), LONGEST_LEAD_SECONDS)


nonces = Nonces()  # of this process: all adapters with one key count together


class SpotClient(krakenex.API):
    def __init__(
        self, api_key: str, api_secret: str, *, base_url: str, timeout_seconds: float, ca_file: str = ""
    ) -> None:
        super().__init__(api_key, api_secret)
        self.uri = base_url
        self._timeout_seconds = timeout_seconds
        self.nonces = nonces
        self.nonce_was_refused = False  # by the last refusal
        self._json_options = {"parse_float": Decimal}  # times have fractions, and prices must keep every digit
        self.session.max_redirects = 0  # the key's headers would go along to wherever it leads
        if urlsplit(base_url).hostname in ("127.0.0.1", "localhost", "::1"):
            self.session.trust_env = False  # a proxy of the environment cannot reach this machine's own ports
        if ca_file:
            self.session.verify = ca_file
            self.session.trust_env = False  # REQUESTS_CA_BUNDLE would take its place

    def public(self, method: str, **parameters: Any) -> Any:
        return self._result(lambda: self.query_public(method, parameters, timeout=self._timeout_seconds), True)

    def private(self, method: str, **parameters: Any) -> Any:
        try:
            with self.nonces.turn(self.key):
                reply = self._result(
                    lambda: self.query_private(method, parameters, timeout=self._timeout_seconds), False
                )
        except Refusal as refusal:
            self.nonce_was_refused = any(error.startswith(INVALID_NONCE) for error in refusal.errors)
            if self.nonce_was_refused:
                self.nonces.refused(self.key)
            raise
        self.nonces.accepted(self.key)
        return reply

    def _nonce(self) -> int:
        return self.nonces.next(self.key)

    def _sign(self, data: dict[str, Any], urlpath: str) -> str:
        try:
            return str(super()._sign(data, urlpath))
        except binascii.Error:
            return ""  # no secret of Kraken's: the venue says so, as of any other wrong one

    def _result(self, send: Callable[[], Any], is_public: bool) -> Any:
        try:
            reply = send()
        except requests.HTTPError as error:
            response = error.response
            reply = None
        else:
            response = None
        if response is not None:  # raised where no vendor exception is being handled
            raise Refusal(
                response.status_code,
                _errors(_json(response)),
                is_public=is_public,
                retry_after=_seconds(response.headers.get("Retry-After")),
            )
        if not isinstance(reply, dict) or not isinstance(reply.get("error"), list):
            raise Unreadable
        if errors := _errors(reply):
            raise Refusal(200, errors, is_public=is_public)
        return reply["result"]


def _errors(reply: Any) -> tuple[str, ...]:
    """Without warnings, which begin with W, and without the space that some have behind the colon."""
    listed = reply.get("error") if isinstance(reply, dict) else None
    found = [str(error).replace(": ", ":") for error in listed] if isinstance(listed, list) else []
    return tuple(error for error in found if not error.startswith("W"))


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdigit() else None


def _throttled_seconds(errors: tuple[str, ...]) -> float:
    """`EService:Throttled:<unix time>`: until then."""
    for error in errors:
        if error.startswith(THROTTLED):
            until = error.rpartition(":")[2].strip()
            return max(float(until) - time.time(), 1.0) if until.isdigit() else TOO_MANY_REQUESTS_SECONDS
    return 0.0
