"""Who is asking: key, passphrase, timestamp and signature, each in a header.

https://docs.cdp.coinbase.com/exchange/rest-api/authentication
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable

from exchanges.simulator.clock import SimulatedClock
from exchanges.simulator.coinbase.security import header, instants
from exchanges.simulator.coinbase_exchange.call import ApiError
from exchanges.simulator.http import Request
from exchanges.simulator.records import ApiKey
from exchanges.simulator.venue import Venue

MOST_SECONDS_OFF = 30
HEADERS = ("CB-ACCESS-KEY", "CB-ACCESS-SIGN", "CB-ACCESS-TIMESTAMP", "CB-ACCESS-PASSPHRASE")


def find_key(venue: Venue, request: Request, clock: SimulatedClock, wall: Callable[[], float] = time.time) -> ApiKey:
    values = [header(request, name) for name in HEADERS]
    for name, value in zip(HEADERS, values, strict=True):
        if not value:
            raise ApiError(f"{name} header is required", 401)
    api_key, signature, timestamp, passphrase = values
    key = venue.keys.get(api_key)
    if key is None:
        raise ApiError("Invalid API Key", 401)
    if not hmac.compare_digest(key.passphrase.encode(), passphrase.encode()):
        raise ApiError("Invalid Passphrase", 401)
    _check_time(timestamp, clock, wall)
    if not hmac.compare_digest(sign(key.api_secret, timestamp, request), signature):
        raise ApiError("invalid signature", 401)
    return key


def sign(secret: str, timestamp: str, request: Request) -> str:
    """Over the path as it was sent, its query included."""
    path = f"{request.path}?{request.query}" if request.query else request.path
    message = f"{timestamp}{request.method}{path}{request.body}"
    return base64.b64encode(hmac.new(base64.b64decode(secret), message.encode(), hashlib.sha256).digest()).decode()


def _check_time(timestamp: str, clock: SimulatedClock, wall: Callable[[], float]) -> None:
    try:
        sent = float(timestamp)
    except ValueError:
        raise ApiError("invalid timestamp", 401) from None
    factor, _ = clock.client_tolerance()
    for now, ahead in instants(clock, wall):
        if now - MOST_SECONDS_OFF * factor <= sent <= now + MOST_SECONDS_OFF + ahead:
            return
    raise ApiError("request timestamp expired", 401)
