"""python-binance, kept to our hosts, and answering with replies or `Refusal`s that hold nothing secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from binance.client import Client

from exchanges.calls import Refused, Unreadable
from exchanges.rate_limits import Scope

# https://developers.binance.com/docs/binance-spot-api-docs/rest-api/request-security: how old, in milliseconds, a
# signed request may be when it arrives. It is also the default of the venue.
RECV_WINDOW_MS = 5000

# https://developers.binance.com/docs/binance-spot-api-docs/errors: refused before execution, for an order too
INVALID_TIMESTAMP = -1021
TOO_MANY_ORDERS = -1015
TOO_MANY_REQUESTS = (418, 429)
STOP_SECONDS = 60.0  # limits are counted by the minute; where no Retry-After says better
TEXT_LENGTH = 200  # of a reply that is no JSON: enough to tell what it is


class Refusal(Refused):
    """An HTTP status with, where the venue gave them, its code and message."""

    def __init__(self, status: int, code: int | None, message: str, retry_after: float | None) -> None:
        super().__init__(f"HTTP {status}, code {code}")
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after
        self.is_about_time = code == INVALID_TIMESTAMP and status == 400
        if status in TOO_MANY_REQUESTS:
            self.stop_seconds = STOP_SECONDS if retry_after is None else retry_after
            if code == TOO_MANY_ORDERS:
                self.stop_scope = Scope.KEY


class BinanceClient(Client):
    """The library's signing and endpoint methods, on our base URLs only.

    `testnet=True` of the library leaves /sapi on the live host, so it is never used: every URL that the library could
    take is one of ours. `REQUEST_RECVWINDOW` overwrites what a call passes, so it is the one place for it.
    """

    REQUEST_RECVWINDOW = RECV_WINDOW_MS

    def __init__(
        self, api_key: str, api_secret: str, *, base_url: str, timeout_seconds: float, wallet_url: str = ""
    ) -> None:
        """`wallet_url`: where /sapi is, if that is another host than everything else."""
        # Not the library's own constructor: that one opens an asyncio loop and two websocket clients for every
        # instance, and never closes them. These are the attributes that its REST methods read.
        self.API_KEY = api_key
        self.API_SECRET = api_secret
        self.API_URL = base_url + "/api"
        self.MARGIN_API_URL = (wallet_url or base_url) + "/sapi"
        self.FUTURES_URL = base_url + "/fapi"
        for unused in ("WEBSITE_URL", "FUTURES_DATA_URL", "FUTURES_COIN_URL", "PAPI_URL"):
            setattr(self, unused, base_url)
        self.tld = "com"
        self.TIME_UNIT = None
        self.PRIVATE_KEY = None
        self.testnet = False
        self.demo = False
        self.verbose = False
        self.response = None
        self.timestamp_offset = 0  # milliseconds that the venue's clock is ahead of ours
        self._requests_params = {"timeout": timeout_seconds, "allow_redirects": False}
        self.session = self._init_session()
        if urlsplit(base_url).hostname in ("127.0.0.1", "localhost", "::1"):
            self.session.trust_env = False  # a proxy of the environment cannot reach this machine's own ports

    @property
    def last_headers(self) -> Mapping[str, str]:
        """Of the last reply; names in any case. Empty before the first one."""
        return {} if self.response is None else self.response.headers

    def close(self) -> None:
        self.session.close()

    @staticmethod
    def _handle_response(response: requests.Response) -> Any:
        """In place of the library's, which trips over a refusal that is a JSON list and quotes whole replies."""
        try:
            body = json.loads(response.text)
        except ValueError:
            body = None
        if 200 <= response.status_code < 300:
            if body is None:
                raise Unreadable
            return body
        details = body if isinstance(body, dict) else {"msg": response.text[:TEXT_LENGTH]}
        code = details.get("code")
        raise Refusal(
            response.status_code,
            code if isinstance(code, int) else None,
            str(details.get("msg", "")),
            _seconds(response.headers.get("Retry-After")),
        )


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdigit() else None
