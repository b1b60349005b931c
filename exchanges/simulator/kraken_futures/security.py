"""Who is asking: API keys, signatures, and nonces, which may be left out.

https://docs.kraken.com/exchange/guides/futures/rest
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections import deque

from exchanges.simulator.http import Request
from exchanges.simulator.kraken_futures.params import ApiError
from exchanges.simulator.records import ApiKey, Permission
from exchanges.simulator.venue import Venue

DERIVATIVES = "/derivatives"
NONCES_KEPT = 1000  # no page says how far out of order they may come


def sign(secret: str, path: str, encoded: str, nonce: str = "") -> str:
    """base64(HMAC-SHA512(base64-decoded secret, SHA256(parameters + nonce + path without /derivatives)))"""
    digest = hashlib.sha256((encoded + nonce + path.removeprefix(DERIVATIVES)).encode()).digest()
    return base64.b64encode(hmac.new(_decoded(secret), digest, hashlib.sha512).digest()).decode()


def header(request: Request, name: str) -> str:
    return next((value for key, value in request.headers.items() if key.lower() == name.lower()), "")


class Doorkeeper:
    """Nonces are kept in memory: a venue's restart is none of a client's business."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._nonces: dict[str, deque[int]] = {}

    def admit(self, request: Request, permission: Permission) -> ApiKey:
        """The key that signed the request. The parameters are signed as they were sent, still encoded."""
        key, nonce = self._venue.keys.get(header(request, "APIKey")), header(request, "Nonce")
        if key is None:
            raise ApiError("authenticationError")
        expected = sign(key.api_secret, request.path, request.query + request.body, nonce)
        if not hmac.compare_digest(expected.encode(), header(request, "Authent").encode()):
            raise ApiError("authenticationError")
        if nonce:
            self._check_nonce(key, nonce)
        if permission not in key.permissions:
            raise ApiError("authenticationError")
        return key

    def _check_nonce(self, key: ApiKey, nonce: str) -> None:
        seen = self._nonces.setdefault(key.api_key, deque(maxlen=NONCES_KEPT))
        if not nonce.isdigit():
            raise ApiError("authenticationError")
        if int(nonce) in seen:
            raise ApiError("nonceDuplicate")
        if len(seen) == NONCES_KEPT and int(nonce) < min(seen):
            raise ApiError("nonceBelowThreshold")
        seen.append(int(nonce))


def _decoded(secret: str) -> bytes:
    try:
        return base64.b64decode(secret)
    except binascii.Error:
        return secret.encode()
