"""Who is asking: a token for each request, signed with the key's private key.

https://docs.cdp.coinbase.com/coinbase-app/authentication-authorization/api-key-authentication
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from exchanges.simulator.clock import SimulatedClock
from exchanges.simulator.http import Request
from exchanges.simulator.records import ApiKey
from exchanges.simulator.venue import Venue

ISSUERS = ("cdp", "coinbase-cloud")
TOKEN_SECONDS = 120
SLACK_SECONDS = 5.0  # clocks are never quite the same


class Unauthorized(Exception):
    """The token is not good; the venue does not say why. Nor does this, but to whoever reads the exception."""


def find_key(venue: Venue, request: Request, clock: SimulatedClock, wall: Callable[[], float] = time.time) -> ApiKey:
    """The key whose token the request carries."""
    scheme, _, token = header(request, "Authorization").partition(" ")
    if scheme != "Bearer" or not token:
        raise Unauthorized("no token")
    try:
        head: dict[str, Any] = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError as error:
        raise Unauthorized("no JWT") from error
    key = venue.keys.get(str(head.get("kid")))
    if key is None or head.get("alg") != "ES256" or not head.get("nonce"):
        raise Unauthorized("unknown key, another algorithm, or no nonce")
    try:
        claims = jwt.decode(
            token,
            _public_key(key.api_secret),
            algorithms=["ES256"],
            options={"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False},
        )
    except jwt.InvalidTokenError as error:
        raise Unauthorized("the signature does not fit") from error
    wanted = f"{request.method} {header(request, 'Host')}{request.path}"
    if claims.get("sub") != key.api_key or claims.get("iss") not in ISSUERS or claims.get("uri") != wanted:
        raise Unauthorized("it is of another key, or for another request")
    _check_dates(claims, clock, wall)
    return key


def _check_dates(claims: dict[str, Any], clock: SimulatedClock, wall: Callable[[], float]) -> None:
    begins, ends = claims.get("nbf"), claims.get("exp")
    if not isinstance(begins, int) or not isinstance(ends, int) or ends - begins > TOKEN_SECONDS:
        raise Unauthorized("no dates, or good for too long")
    if not any(begins - slack <= now < ends for now, slack in instants(clock, wall)):
        raise Unauthorized("not good yet, or not any more")


def instants(clock: SimulatedClock, wall: Callable[[], float]) -> list[tuple[float, float]]:
    """What the time may be, in seconds, with how much later a client's clock may be.

    The venue's libraries date requests by the real clock and cannot be told another. So it is taken as well as the
    simulated one, by which a client goes that asked for the time.
    """
    _, ahead_ms = clock.client_tolerance()
    return [(wall(), SLACK_SECONDS), (clock.now_ms() / 1000, SLACK_SECONDS + ahead_ms / 1000)]


@lru_cache(maxsize=1000)
def _public_key(pem: str) -> EllipticCurvePublicKey:
    key = load_pem_private_key(pem.encode(), password=None).public_key()
    if not isinstance(key, EllipticCurvePublicKey):
        raise TypeError("the books hold a key of another kind")
    return key


def header(request: Request, name: str) -> str:
    return next((value for key, value in request.headers.items() if key.lower() == name.lower()), "")
