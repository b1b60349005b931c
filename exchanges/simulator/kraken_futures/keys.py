"""API keys as Kraken Futures hands them out: a key of 56 characters and a secret of 64 bytes, both in Base64."""

from __future__ import annotations

import base64
import hashlib


def new_key(seed_text: str) -> tuple[str, str, str]:
    """API key, secret, and no passphrase."""
    api_key = base64.b64encode(hashlib.sha384(f"{seed_text} futures key".encode()).digest()[:42]).decode()
    secret = base64.b64encode(hashlib.sha512(f"{seed_text} futures secret".encode()).digest()).decode()
    return api_key, secret, ""
