"""API keys as Binance hands them out: two texts of 64 characters, the same for all account types."""

from __future__ import annotations

import hashlib


def new_key(seed_text: str) -> tuple[str, str, str]:
    """API key, secret, and no passphrase."""
    api_key, secret = (hashlib.sha256(f"{seed_text} {what}".encode()).hexdigest() for what in ("key", "secret"))
    return api_key, secret, ""
