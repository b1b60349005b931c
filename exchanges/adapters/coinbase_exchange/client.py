"""cbpro at the surviving API, with what it lacks: HTTP statuses, time-outs of ours, one host, the venue's clock."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import requests
from cbpro.authenticated_client import AuthenticatedClient
from cbpro.cbpro_auth import CBProAuth, get_auth_headers

from exchanges.adapters.coinbase_exchange.limits import is_public
from exchanges.calls import Refused, Unreadable
from exchanges.rate_limits import Scope

UNREADABLE_KEY = "unreadable key"  # ours: no request can be signed with that secret
# https://docs.cdp.coinbase.com/exchange/rest-api/authentication: a timestamp may be 30 s off
ABOUT_TIME = ("request timestamp expired", "invalid timestamp")
DEFAULT_STOP_SECONDS = 1.0  # the buckets fill by the second


class Refusal(Refused):
    """An HTTP status and the venue's message."""

    def __init__(self, status: int, message: str, retry_after: float | None = None) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.message = message
        self.retry_after = retry_after
        self.is_about_time = status in (400, 401) and message.lower().startswith(ABOUT_TIME)


class Signature(CBProAuth):
    """The library's, dated by the venue's clock."""

    def __init__(self, api_key: str, secret_key: str, passphrase: str) -> None:
        super().__init__(api_key, secret_key, passphrase)
        self.clock_ahead_seconds = 0.0

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        timestamp = f"{time.time() + self.clock_ahead_seconds:.6f}"
        body = request.body or ""
        if not isinstance(body, str):
            raise TypeError("this library sends text")
        message = f"{timestamp}{request.method}{request.path_url}{body}"
        headers = _signed_headers(timestamp, message, self.api_key, self.secret_key, self.passphrase)
        if headers is None:
            raise Refusal(401, UNREADABLE_KEY)
        request.headers.update(headers)
        return request


def _signed_headers(*arguments: str) -> dict[str, str] | None:
    """None where key, secret or passphrase cannot be what the venue gave out; no exception, which might quote them."""
    try:
        headers: dict[str, str] = get_auth_headers(*arguments)
        for value in headers.values():
            if not value.isprintable() or not value.isascii():
                return None
    except ValueError:  # not base64, or not ASCII
        return None
    return headers


class ExchangeClient(AuthenticatedClient):
    """The library's signatures and endpoint methods, on our base URL only."""

    def __init__(
        self,
        api_key: str,
        api_secret: str,
        passphrase: str,
        *,
        base_url: str,
        timeout_seconds: float,
        ca_file: str = "",
    ) -> None:
        super().__init__(api_key, api_secret, passphrase, api_url=base_url)
        self.signature = Signature(api_key, api_secret, passphrase)
        self.timeout_seconds = timeout_seconds
        self.verify: bool | str = ca_file or True
        if urlsplit(base_url).hostname in ("127.0.0.1", "localhost", "::1"):
            self.session.trust_env = False  # a proxy of the environment cannot reach this machine's own ports

    def close(self) -> None:
        self.session.close()

    # --- in place of the library's, which takes any reply for the one that was asked for
    def _send_message(
        self, method: str, endpoint: str, params: Mapping[str, Any] | None = None, data: str | None = None
    ) -> Any:
        return self._send(method, endpoint, params, data)[0]

    def _send_paginated_message(self, endpoint: str, params: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """https://docs.cdp.coinbase.com/exchange/rest-api/pagination: on from CB-AFTER, to ever older rows."""
        query = dict(params or {})
        while True:
            rows, following = self._send("get", endpoint, query, None)
            if not isinstance(rows, list):
                raise Unreadable
            yield from rows
            if not rows or not following or following == query.get("after"):
                return
            query["after"] = following

    def _send(
        self, method: str, endpoint: str, params: Mapping[str, Any] | None, data: str | None
    ) -> tuple[Any, str | None]:
        """The reply, and where a list goes on."""
        response = self.session.request(
            method.upper(),
            self.url + endpoint,
            params=params,
            data=data,
            auth=_Unsigned() if is_public(endpoint) else self.signature,
            timeout=self.timeout_seconds,
            allow_redirects=False,
            verify=self.verify,
        )
        try:
            body = json.loads(response.content, parse_float=Decimal)
        except ValueError:
            body = None
        if 200 <= response.status_code < 300:
            if body is None:
                raise Unreadable
            return body, response.headers.get("CB-AFTER")
        message = str(body.get("message", "")) if isinstance(body, dict) else ""
        refusal = Refusal(response.status_code, message, _seconds(response.headers.get("Retry-After")))
        if response.status_code == 429:
            refusal.stop_seconds = refusal.retry_after or DEFAULT_STOP_SECONDS
            refusal.stop_scope = Scope.ADDRESS if is_public(endpoint) else Scope.KEY
        raise refusal


class _Unsigned(requests.auth.AuthBase):
    """No authentication, and none that `requests` would find in a .netrc either."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdigit() else None
