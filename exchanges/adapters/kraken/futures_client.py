"""A small client of Kraken Futures on requests: it signs, sends and reads; what goes wrong is a `Refusal`.

Authentication: https://docs.kraken.com/exchange/guides/futures/rest. The nonce is left out. It is optional, and one
that must grow would have to be counted by all workers that share a key. What it is for, that nobody plays a request
again, `processBefore` and unique client order ids do better where it matters: on orders.

Parameters go into the query, also of POST and PUT: there the reference of every endpoint lists them, and there they are
signed exactly as they stand in the URL.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests

from exchanges.adapters.kraken.futures_limits import HISTORY, HISTORY_PATH, WINDOW_SECONDS
from exchanges.calls import Refused, Unreadable

DERIVATIVES = "/derivatives"
# https://docs.kraken.com/api-reference/order-management/send-order: sent with `processBefore` and too late for it
TOO_LATE = "wouldProcessAfterSpecifiedTime"
API_LIMIT = "apiLimitExceeded"
CLOCK_GOOD_SECONDS = 60.0


class Refusal(Refused):
    """A reply that says no. `error`: the venue's word for it, empty where it gave none.

    `is_outcome`: the request was accepted and assessed, and this is what became of the order in it.
    """

    def __init__(
        self,
        status: int,
        error: str = "",
        *,
        is_outcome: bool = False,
        is_history: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"HTTP {status}, {error or 'no error named'}")
        self.status = status
        self.error = error
        self.is_outcome = is_outcome
        self.retry_after = retry_after
        self.is_about_time = is_outcome and error == TOO_LATE
        # The history's tokens are another pool: running out of them stops no orders.
        if not is_history and (error == API_LIMIT or status == requests.codes.too_many_requests):
            self.stop_seconds = retry_after or WINDOW_SECONDS


class FuturesClient:
    """Replies are JSON with Decimals; those of the trading API have `result` "success"."""

    def __init__(self, api_key: str, api_secret: str, *, base_url: str, timeout_seconds: float) -> None:
        self._api_key = api_key
        self._api_secret = api_secret
        self._base_url = base_url
        self._timeout_seconds = timeout_seconds
        self._session = requests.Session()
        if urlsplit(base_url).hostname in ("127.0.0.1", "localhost", "::1"):
            self._session.trust_env = False  # a proxy of the environment cannot reach this machine's own ports
        self._clock_offset = timedelta(0)  # what the venue's clock is ahead of ours
        self._clock_read_at: float | None = None
        self.used: dict[str, float] = {}  # what the last reply said is used up, by limit's name

    def close(self) -> None:
        self._session.close()

    def send(
        self,
        *,
        method: str = "GET",
        endpoint: str,
        query: Mapping[str, Any] | None = None,
        signed: bool = True,
        process_within: timedelta | None = None,
    ) -> Any:
        """`process_within`: for so long may the venue act on the request; computed anew each time it is sent."""
        parameters = dict(query or {})
        if process_within is not None:
            parameters["processBefore"] = iso(self.venue_now() + process_within)
        encoded = urlencode(parameters, doseq=True)
        headers = {"Accept": "application/json"}
        if signed:
            headers |= {"APIKey": self._api_key, "Authent": authent(self._api_secret, encoded, endpoint)}
        url = f"{self._base_url}{endpoint}" + (f"?{encoded}" if encoded else "")
        response = self._session.request(
            method, url, headers=headers, timeout=self._timeout_seconds, allow_redirects=False
        )
        return self._read(endpoint, response)

    # --- the venue's clock
    @property
    def clock_is_known(self) -> bool:
        return self._clock_read_at is not None and time.monotonic() - self._clock_read_at < CLOCK_GOOD_SECONDS

    def venue_now(self) -> datetime:
        """The venue's time by our clock and what the last reply said of its own."""
        return datetime.now(UTC) + self._clock_offset

    def _learn_time(self, body: Mapping[str, Any]) -> None:
        told = body.get("serverTime")
        if isinstance(told, str):
            self._clock_offset = moment(told) - datetime.now(UTC)
            self._clock_read_at = time.monotonic()

    # --- replies
    def _read(self, endpoint: str, response: requests.Response) -> Any:
        self.used = {}
        try:
            body = json.loads(response.text, parse_float=Decimal, parse_constant=_refuse_constant)
        except ValueError:
            body = None
        status, is_history = response.status_code, endpoint.startswith(HISTORY_PATH)
        is_good = 200 <= status < 300
        if is_history and status == requests.codes.too_many_requests:
            self.used = {HISTORY.name: HISTORY.capacity}
        if not isinstance(body, dict):
            if is_good:
                raise Unreadable
            raise Refusal(status, is_history=is_history, retry_after=_retry_after(response))
        self._learn_time(body)
        error = error_in(body)
        if not is_good or error or body.get("result") == "error":
            raise Refusal(status, error, is_history=is_history, retry_after=_retry_after(response))
        if endpoint.startswith(DERIVATIVES) and body.get("result") != "success":
            raise Unreadable
        token = response.headers.get("Next-Continuation-Token")
        if token:
            body.setdefault("continuationToken", token)
        return body


def authent(api_secret: str, encoded: str, endpoint: str) -> str:
    """base64(HMAC-SHA512(base64-decoded secret, SHA256(parameters + path without /derivatives)))"""
    digest = hashlib.sha256((encoded + endpoint.removeprefix(DERIVATIVES)).encode()).digest()
    return base64.b64encode(hmac.new(decoded_secret(api_secret), digest, hashlib.sha512).digest()).decode()


def decoded_secret(api_secret: str) -> bytes:
    """What is no secret of Kraken's decodes to nothing: the venue then says that the signature is wrong."""
    try:
        return base64.b64decode(api_secret, validate=True)
    except binascii.Error:
        return b""


def error_in(body: Mapping[str, Any]) -> str:
    """The venue's word, in whichever of its shapes it comes.

    `{"error": "..."}`, of the trading API and of the keys'; `{"errors": [{"code": 11, "message": "..."}]}`, where the
    request itself makes no sense; `{"status": "unauthorized", "reason": "..."}`, of the history API.
    """
    if isinstance(body.get("error"), str):
        return str(body["error"])
    listed = body.get("errors")
    if isinstance(listed, list) and listed:
        first = listed[0]
        return str(first.get("message", "")) if isinstance(first, dict) else str(first)
    if isinstance(body.get("reason"), str):
        return str(body.get("status", ""))
    return ""


def moment(text: str) -> datetime:
    """`2026-01-05T12:00:30.123Z`"""
    when = datetime.fromisoformat(text)
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def iso(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _retry_after(response: requests.Response) -> float | None:
    """https://docs.kraken.com/api-reference/account-history/get-account-log names the second header."""
    for name in ("Retry-After", "rate-limit-reset"):
        text = response.headers.get(name, "")
        if text.replace(".", "", 1).isdigit():
            return float(text)
    return None


def _refuse_constant(text: str) -> Any:
    raise ValueError(text)
