"""The little HTTP that the demo speaks to its own programs."""

import http.client
import json
import urllib.error
import urllib.request
from typing import Any

TIMEOUT_SECONDS = 5.0
# What a program that is starting, busy or broken may make of a request.
NO_ANSWER = (OSError, http.client.HTTPException, ValueError)

# No proxy from the environment: these requests never leave the machine.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def answers(url: str) -> bool:
    """True when the address answers 200."""
    try:
        with _opener.open(url, timeout=TIMEOUT_SECONDS) as response:
            return bool(response.status == 200)
    except NO_ANSWER:
        return False


def get_json(url: str, *, token: str) -> Any:
    """The JSON at the address, or one of NO_ANSWER."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310
    with _opener.open(request, timeout=TIMEOUT_SECONDS) as response:
        return json.load(response)
