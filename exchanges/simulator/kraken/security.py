"""Who is asking: API keys, signatures, and nonces that only go up.

https://docs.kraken.com/api/docs/guides/spot-rest-auth
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from exchanges.simulator.kraken.params import ApiError, Params
from exchanges.simulator.records import ApiKey
from exchanges.simulator.venue import Venue


def sign(secret: str, path: str, nonce: str, body: str) -> str:
    """Base64 of HMAC-SHA512, keyed by the decoded secret, over the path and SHA256(nonce + body)."""
    message = path.encode() + hashlib.sha256((nonce + body).encode()).digest()
    return base64.b64encode(hmac.new(_decoded(secret), message, hashlib.sha512).digest()).decode()


def find_key(venue: Venue, api_key: str | None) -> ApiKey:
    key = venue.keys.get(api_key or "")
    if key is None:
        raise ApiError("EAPI:Invalid key")
    return key


def check_signature(key: ApiKey, signature: str | None, path: str, params: Params, body: str) -> None:
    expected = sign(key.api_secret, path, params.text("nonce") or "", body)
    if not hmac.compare_digest(expected.encode(), (signature or "").encode()):
        raise ApiError("EAPI:Invalid signature")


class NonceBook:
    """The last nonce of each key; kept in memory, as a venue's restart is none of a client's business."""

    def __init__(self) -> None:
        self.last: dict[str, int] = {}
        self.window = 0  # the key's setting "nonce window": how far behind the last one it may be

    def check(self, key: ApiKey, params: Params) -> None:
        text = params.text("nonce") or ""
        if not text.isdigit() or int(text) >= 2**64:
            raise ApiError("EAPI:Invalid nonce")
        last = self.last.get(key.api_key, -1)
        if int(text) <= last - self.window or int(text) == last:
            raise ApiError("EAPI:Invalid nonce")
        self.last[key.api_key] = max(last, int(text))


def _decoded(secret: str) -> bytes:
    try:
        return base64.b64decode(secret)
    except binascii.Error:
        return secret.encode()
