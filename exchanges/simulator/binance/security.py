"""Who is asking: API keys, HMAC signatures and the time window.

https://github.com/binance/binance-spot-api-docs/blob/master/rest-api.md#request-security
"""

from __future__ import annotations

import hashlib
import hmac
import re
from decimal import Decimal

from exchanges.simulator.binance.params import INTEGER, ApiError, Params, missing
from exchanges.simulator.records import ApiKey, Permission
from exchanges.simulator.venue import Venue

DEFAULT_RECV_WINDOW_MS = Decimal(5000)
MAX_RECV_WINDOW_MS = Decimal(60000)
MAX_AHEAD_MS = 1000
# No page names a length; real keys have 64 characters.
KEY_PATTERN = r"[A-Za-z0-9]{64}"


def signature_payload(query: str, body: str) -> str:
    """What was signed: query and body as sent, joined without a separator, less the signature itself."""
    return _without_signature(query) + _without_signature(body)


def sign(secret: str, payload: str) -> str:
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


def find_key(venue: Venue, api_key: str | None, permission: Permission | None) -> ApiKey:
    if not api_key or not re.fullmatch(KEY_PATTERN, api_key):
        raise ApiError(-2014, "API-key format invalid.", 401)
    key = venue.keys.get(api_key)
    if key is None or (permission is not None and permission not in key.permissions):
        raise ApiError(-2015, "Invalid API-key, IP, or permissions for action.", 401)
    return key


def check_signature(key: ApiKey, params: Params, query: str, body: str) -> None:
    signature = params.required_text("signature").lower()
    expected = sign(key.api_secret, signature_payload(query, body))
    if not hmac.compare_digest(expected, signature):
        raise ApiError(-1022, "Signature for this request is not valid.")


def check_time(params: Params, server_ms: int, tolerance: tuple[float, float] = (1.0, 0.0)) -> None:
    """The request must be fresh. `tolerance`: see `SimulatedClock.client_tolerance`."""
    timestamp = int(params.required_text("timestamp", INTEGER))
    if timestamp > 10**15:  # in microseconds
        timestamp //= 1000
    window = params.decimal("recvWindow")
    if window is None:
        window = DEFAULT_RECV_WINDOW_MS
    if window > MAX_RECV_WINDOW_MS:
        raise ApiError(-1131, "recvWindow must be less than 60000.")
    factor, ahead_ms = tolerance
    if timestamp >= server_ms + MAX_AHEAD_MS * factor + ahead_ms:
        raise ApiError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if server_ms - timestamp > float(window) * factor:
        raise ApiError(-1021, "Timestamp for this request is outside of the recvWindow.")


def require_signed(params: Params) -> None:
    for name in ("timestamp", "signature"):
        if name not in params:
            raise missing(name)


def _without_signature(text: str) -> str:
    return "&".join(part for part in text.split("&") if not part.startswith("signature="))
