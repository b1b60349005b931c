"""Which faces there are, and at which endpoint (a port each, since the venues' paths overlap).

A face is a folder here, plugged in by one line of `PLUGS`. It holds

    keys.py   new_key(seed_text: str) -> tuple[str, str, str]: an API key, its secret and its passphrase (or "") in the
              venue's own format, which follow from the text alone; imports nothing heavy
    face.py   make_face(simulator, options) -> Face (see http.py)

Several faces of one endpoint share its port, told apart by `Face.prefixes` (the longest that fits), and its keys:
those that stand first in `PLUGS` make them.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exchanges.simulator.http import Face, FaceOptions

if TYPE_CHECKING:
    from exchanges.simulator.simulator import Simulator

PACKAGE = "exchanges.simulator"


@dataclass(frozen=True, slots=True)
class Endpoint:
    name: str
    tls: bool = False


@dataclass(frozen=True, slots=True)
class Plug:
    endpoint: str
    folder: str

    def has(self, module: str) -> bool:
        name = f"{PACKAGE}.{self.folder}"
        return importlib.util.find_spec(name) is not None and importlib.util.find_spec(f"{name}.{module}") is not None


# Ports count from the first one in this order.
ENDPOINTS: dict[str, Endpoint] = {
    endpoint.name: endpoint
    for endpoint in (
        Endpoint("binance"),
        Endpoint("coinbase", tls=True),  # its client libraries speak nothing else
        Endpoint("coinbase_exchange"),
        Endpoint("kraken"),
        Endpoint("kraken_futures"),
    )
}

PLUGS: tuple[Plug, ...] = (
    Plug("binance", "binance_spot"),
    Plug("binance", "binance_margin"),
    Plug("binance", "binance_futures"),
    Plug("coinbase", "coinbase"),
    Plug("coinbase_exchange", "coinbase_exchange"),
    Plug("kraken", "kraken"),
    Plug("kraken_futures", "kraken_futures"),
)


def make_faces(endpoint: str, simulator: Simulator, options: FaceOptions) -> list[Face]:
    return [
        importlib.import_module(f"{PACKAGE}.{plug.folder}.face").make_face(simulator, options)
        for plug in PLUGS
        if plug.endpoint == endpoint and plug.has("face")
    ]


def find_face(faces: list[Face], path: str) -> Face | None:
    """The one with the longest prefix that fits."""
    found, longest = None, -1
    for face in faces:
        for prefix in face.prefixes:
            if path.startswith(prefix) and len(prefix) > longest:
                found, longest = face, len(prefix)
    return found


def new_key(endpoint: str, seed_text: str) -> tuple[str, str, str]:
    """API key, secret and passphrase in the format of the venues at that endpoint."""
    for plug in PLUGS:
        if plug.endpoint == endpoint and plug.has("keys"):
            key: tuple[str, str, str] = importlib.import_module(f"{PACKAGE}.{plug.folder}.keys").new_key(seed_text)
            return key
    api_key, secret = (hashlib.sha256(f"{seed_text} {what}".encode()).hexdigest() for what in ("key", "secret"))
    return api_key, secret, ""
