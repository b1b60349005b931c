"""API keys as Coinbase hands them out: a name, and a private key on the curve P-256 in PEM.

https://docs.cdp.coinbase.com/coinbase-app/authentication-authorization/api-key-authentication
"""

from __future__ import annotations

import hashlib
from uuid import UUID

# The order of the curve: https://csrc.nist.gov/pubs/sp/800/186/final, 3.2.1.3
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def new_key(seed_text: str) -> tuple[str, str, str]:
    """Name, private key, and no passphrase."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    number = int.from_bytes(hashlib.sha512(f"{seed_text} secret".encode()).digest()) % (ORDER - 1) + 1
    pem = ec.derive_private_key(number, ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    organization, key = (UUID(bytes=_digest(seed_text, what)[:16], version=4) for what in ("organization", "key"))
    return f"organizations/{organization}/apiKeys/{key}", pem.decode(), ""


def _digest(seed_text: str, what: str) -> bytes:
    return hashlib.sha256(f"{seed_text} {what}".encode()).digest()
