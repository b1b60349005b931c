"""What goes in at the door to bot code and what comes out: plain values, no Django.

pool = WorkerPool(Limits(**settings.SANDBOX))        # one per process, see host.py
[outcome] = pool.ask(package, [AskRequest(...)])
if outcome.status is OutcomeStatus.OK: outcome.action, outcome.state
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from bot_sdk.action import Action

# What the host accepted: the SDK's own Action, built anew (and so checked anew) in the host from the
# numbers received.
BotAction = Action


class SandboxUnavailable(Exception):
    """The sandbox itself failed, not the bot: this machine cannot make one, or no worker could be started."""


class PackageMismatch(SandboxUnavailable):
    """The files in the folder are not those of the manifest: what runs must be what was approved."""


class OutcomeStatus(StrEnum):
    """How a call ended. All but OK are the bot's doing, and are data to store, not exceptions."""

    OK = "OK"
    TIME_LIMIT = "TIME_LIMIT"
    MEMORY_LIMIT = "MEMORY_LIMIT"
    OUTPUT_LIMIT = "OUTPUT_LIMIT"
    RUNTIME_ERROR = "RUNTIME_ERROR"
    PROTOCOL_ERROR = "PROTOCOL_ERROR"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one bot may use. The names are those of the setting SANDBOX."""

    start_up_seconds: float = 20.0  # starting a worker, and again loading the bot's code and models
    wall_seconds: float = 5.0  # one call
    ask_seconds: float = 20.0  # all calls of one version at one candle; less while it keeps running out of time
    cpu_seconds: int = 600  # one worker, all its calls; a worker is renewed at half of it
    memory_bytes: int = 1024 * 1024 * 1024  # beyond what the clean worker maps
    total_memory_bytes: int = 4 * 1024 * 1024 * 1024  # all workers of this process; the least recently used goes
    threads: int = 1  # of one worker, the first included; more only where each worker has a user of its own
    reply_bytes: int = 64 * 1024  # one answer as a whole, a bot's description included
    state_bytes: int = 32 * 1024
    log_bytes: int = 16 * 1024  # kept of what one call prints; the rest is counted and dropped
    printed_bytes: int = 1024 * 1024  # a call that prints more is ended: OUTPUT_LIMIT
    workers: int = 8  # bot versions that stay loaded per process; the least recently used goes
    failures_per_ask: int = 3  # workers that one `ask` may lose before the rest of it is given up
    least_tier: str = "C"  # A, B or C, see tiers.py: a machine that can only make a weaker sandbox runs no bots
    first_uid: int = 200_000  # tiers A and B: workers get numbers from here on as their users


@dataclass(frozen=True, slots=True)
class PackageFile:
    """One file of a bot version. `key` is the name under which the bot finds it in `config["models"]`."""

    name: str
    file_type: str  # CODE, MODEL, WEIGHTS, CONFIG, DATA
    key: str
    framework: str  # a name in bot_sdk.frameworks, or "" where none applies
    sha256: str


@dataclass(frozen=True, slots=True)
class BotPackage:
    """A bot version as the sandbox needs it: its files lie in `folder` under their names.

    `content_hash` must be `manifest_hash(manifest)`: it addresses the version, and a worker serves one of
    them.
    """

    content_hash: str
    folder: Path
    manifest: tuple[PackageFile, ...]


def manifest_hash(manifest: tuple[PackageFile, ...] | list[PackageFile]) -> str:
    """The SHA-256 (hex) that addresses a version: over its files' names, types, keys and contents."""
    rows = [asdict(file) for file in sorted(manifest, key=lambda file: file.name)]
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class AskRequest:
    """One question: what to do at the close of the last of these candles?

    `stream` names the instance that is asked (streams never share one). `open_times`: int64 nanoseconds
    since the epoch, shape (n,), ascending. `values`: float64, shape (n, 5): open, high, low, close,
    volume.
    """

    stream: str
    strategy_config: dict[str, Any]
    state: dict[str, Any]
    open_times: np.ndarray
    values: np.ndarray


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer. `action` is given exactly when a call to `ask` ended OK, `description` after `describe`.

    `state` is what to store for the next call: the bot's new state when OK, else the state it was asked
    with. `log` is what the bot printed (cut at `log_bytes`), `error` a text for its author. Both are free
    of control characters, but not of HTML.

    `description`: class_name, default_config, config_schema, warmup_candles, and `files`: for each model
    or data file its name, key, kind (what it became) and error ("" when it loaded). It is given even when
    such a file failed to load (status RUNTIME_ERROR then), and None when the code itself did not load.
    """

    status: OutcomeStatus
    action: BotAction | None = None
    state: dict[str, Any] = field(default_factory=dict)
    log: str = ""
    error: str = ""
    duration_seconds: float = 0.0
    description: dict[str, Any] | None = None

    @property
    def ok(self) -> bool:
        return self.status is OutcomeStatus.OK
