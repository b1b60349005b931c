"""API keys as Coinbase Exchange hands them out: 32 characters, a secret of 64 bytes in base64, and a passphrase."""

from __future__ import annotations

import base64
import hashlib


def new_key(seed_text: str) -> tuple[str, str, str]:
    """API key, secret and passphrase."""
    key, passphrase = (hashlib.sha256(f"{seed_text} {what}".encode()).hexdigest() for what in ("key", "passphrase"))
    secret = hashlib.sha512(f"{seed_text} secret".encode()).digest()
    return key[:32], base64.b64encode(secret).decode(), passphrase[:11]
