"""Small bots for tests: written to a folder, asked about a few candles."""

from __future__ import annotations

import hashlib
import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from bot_sdk.candles import random_walk
from bots.sandbox.types import AskRequest, BotPackage, PackageFile, manifest_hash

MINUTE_NS = 60_000_000_000
VALUES = random_walk(60, seed=5)
OPEN_TIMES = 1_700_000_040_000_000_000 + np.arange(60, dtype=np.int64) * MINUTE_NS
LAST_CLOSE = float(VALUES[-1, 3])

# Runs what `strategy_config["code"]` says, so that many tests can share one worker. `answer` is what it returns.
PROBE = """
from bot_sdk import Action, CustomBot

class Probe(CustomBot):
    warmup_candles = 60

    def analyze_market(self, market_data):
        price = float(market_data["close"].iloc[-1])
        names = {"self": self, "market_data": market_data, "Action": Action, "price": price}
        exec(self.config["code"], names)
        return names.get("answer", Action(Action.HOLD, price, "probed"))
"""


def write_package(folder: Path, files: dict[str, str | bytes], **models: tuple[str, str, str]) -> BotPackage:
    """`files` by name; `models` says for a stem its (file type, key, framework), all others are CODE."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = []
    for name, content in files.items():
        data = textwrap.dedent(content).encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)
        file_type, key, framework = models.get(Path(name).stem, ("CODE", "", ""))
        manifest.append(PackageFile(name, file_type, key, framework, hashlib.sha256(data).hexdigest()))
    return BotPackage(manifest_hash(manifest), folder, tuple(manifest))


def request(
    stream: str = "stream", *, config: dict[str, Any] | None = None, state: dict[str, Any] | None = None
) -> AskRequest:
    return AskRequest(stream, config or {}, state or {}, OPEN_TIMES, VALUES)


def probe(code: str, stream: str = "stream", *, state: dict[str, Any] | None = None) -> AskRequest:
    """Ask the PROBE bot to run this."""
    return request(stream, config={"code": textwrap.dedent(code)}, state=state)
