"""coinbase-advanced-py, kept to one host, with time-outs, and answering with replies or `Refusal`s without secrets."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import jwt
import requests
from coinbase import jwt_generator
from coinbase.constants import USER_AGENT
from coinbase.rest import RESTClient

from exchanges.adapters.coinbase.limits import RATE_LIMITS, is_public
from exchanges.calls import Refused, Unreadable
from exchanges.rate_limits import Scope

# https://docs.cdp.coinbase.com/coinbase-app/authentication-authorization/api-key-authentication: how long, in seconds,
# a token is good for. Clocks that differ by less cannot be why one was refused.
TOKEN_SECONDS = 120
CLOCK_SLACK_SECONDS = TOKEN_SECONDS / 4  # ahead of the venue's clock a token is not good yet, so less than all of it
DEFAULT_STOP_SECONDS = 1.0  # limits are counted by the second

UNREADABLE_KEY = "UNREADABLE_KEY"  # ours: no token can be signed with that secret


class Refusal(Refused):
    """An HTTP status, or the venue's `success: false`, with the codes and the sentence that came with it.

    The codes stand most telling first; there may be none.
    """

    def __init__(self, status: int, codes: tuple[str, ...], message: str, retry_after: float | None = None) -> None:
        super().__init__(f"HTTP {status}, {' '.join(codes)}")
        self.status = status
        self.codes = codes
        self.message = message
        self.retry_after = retry_after


class AdvancedClient(RESTClient):
    """The library's tokens and endpoint methods, on our base URL only."""

    def __init__(
        self, api_key: str, api_secret: str, *, base_url: str, timeout_seconds: float, ca_file: str = ""
    ) -> None:
        parts = urlsplit(base_url)
        # Without key and secret, which the library would unescape as if they were Python source; and not its default
        # for them either, which is the environment's.
        super().__init__(api_key=None, api_secret=None, base_url=parts.netloc, timeout=timeout_seconds)
        self.api_key = api_key
        self.api_secret = api_secret.replace("\\n", "\n")  # as the secret stands in the venue's own JSON file
        self.is_authenticated = bool(api_key and api_secret)
        self.clock_ahead_seconds = 0.0  # the venue's clock before ours; only where a token was refused for it
        self.verify: bool | str = ca_file or True
        self.told_usage: dict[str, float] = {}
        self.session.headers["Cache-Control"] = "no-cache"  # public replies may otherwise be a second old
        if parts.hostname in ("127.0.0.1", "localhost", "::1"):
            self.session.trust_env = False  # a proxy of the environment cannot reach this machine's own ports

    def close(self) -> None:
        """Every connection, now. The session alone only drops them, and after an error they live until collected."""
        for adapter in self.session.adapters.values():
            pools = adapter.poolmanager.pools
            for key in pools.keys():  # noqa: SIM118 - it cannot be iterated otherwise
                pools[key].close()
        self.session.close()

    # --- in place of the library's: its own follows redirects with the token, and quotes and logs whole replies
    def send_request(
        self,
        http_method: str,
        url_path: str,
        params: Mapping[str, Any] | None,
        headers: Mapping[str, str],
        data: Mapping[str, Any] | None = None,
    ) -> Any:
        response = self.session.request(
            http_method,
            f"https://{self.base_url}{url_path}",
            params=params,
            json=data if http_method != "GET" else None,
            headers=headers,
            timeout=self.timeout,
            allow_redirects=False,
            verify=self.verify,
        )
        self.told_usage = _told_usage(response)
        try:
            body = json.loads(response.content, parse_float=Decimal)
        except ValueError:
            body = None
        if 200 <= response.status_code < 300:
            if not isinstance(body, dict):
                raise Unreadable
            return _without_nulls(body)
        raise self._refusal(response, body, url_path)

    def set_headers(self, method: str, path: str) -> dict[str, str]:
        if is_public(path):
            return {"User-Agent": USER_AGENT}  # whatever the key may be, it is nobody's business there
        try:
            return self._signed_headers(method, path)
        except Exception:  # noqa: BLE001 - the library has no narrower one, and its text is of no use to anybody
            refusal = Refusal(401, (UNREADABLE_KEY,), "")
        raise refusal  # where no exception is being handled that may quote the secret

    def _signed_headers(self, method: str, path: str) -> dict[str, str]:
        headers: dict[str, str] = super().set_headers(method, path)
        if self.clock_ahead_seconds:
            headers["Authorization"] = f"Bearer {self._by_the_venues_clock(headers['Authorization'][7:])}"
        return headers

    def _by_the_venues_clock(self, token: str) -> str:
        """The same token, dated by the venue's clock. The library knows only ours."""
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={"verify_signature": False})
        for name in ("nbf", "exp"):
            claims[name] += round(self.clock_ahead_seconds)
        key = jwt_generator._load_private_key(self.api_secret)  # the library's version is pinned
        extra = {name: header[name] for name in ("kid", "nonce")}
        return jwt.encode(claims, key, algorithm=header["alg"], headers=extra)

    def _refusal(self, response: requests.Response, body: Any, url_path: str) -> Refusal:
        codes, message = _words(body)
        refusal = Refusal(response.status_code, codes, message, _seconds(response.headers.get("Retry-After")))
        if response.status_code == 429:
            refusal.stop_seconds = refusal.retry_after or DEFAULT_STOP_SECONDS
            refusal.stop_scope = Scope.ADDRESS if is_public(url_path) else Scope.KEY
        if response.status_code == 401:
            refusal.is_about_time = self._is_clock_off(response)
        return refusal

    def _is_clock_off(self, response: requests.Response) -> bool:
        """Whether the token may have been refused for its dates: the venue does not say why it refuses one."""
        try:
            venue_now = parsedate_to_datetime(response.headers["Date"]).timestamp()
        except (KeyError, TypeError, ValueError):
            return False
        return abs(venue_now - time.time() - self.clock_ahead_seconds) > CLOCK_SLACK_SECONDS


def _words(body: Any) -> tuple[tuple[str, ...], str]:
    """The code and the sentence of an error reply, which has one of two shapes.

    {"error": "NOT_FOUND", "error_details": "...", "message": "..."} or {"errors": [{"id": "...", "message": "..."}]}
    """
    if not isinstance(body, dict):
        return (), ""
    errors = body.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return (str(errors[0].get("id", "")),), str(errors[0].get("message", ""))
    code = body.get("error")
    return (code,) if isinstance(code, str) else (), str(
        body.get("message") or body.get("error_details") or body.get("error_description") or ""
    )


def _without_nulls(value: Any) -> Any:
    """The library's reply classes expect that what has no value is left out."""
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def _told_usage(response: requests.Response) -> dict[str, float]:
    """By limit's name, where the venue tells it, in the headers that the library names RATE_LIMIT_HEADERS."""
    limit, remaining = (_seconds(response.headers.get(f"x-ratelimit-{name}")) for name in ("limit", "remaining"))
    if limit is None or remaining is None:
        return {}
    return {known.name: limit - remaining for known in RATE_LIMITS if known.capacity == limit}


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdigit() else None
