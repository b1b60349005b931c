"""What the checks take and give: plain values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from bots.sandbox.types import AskRequest, BotPackage, Outcome


class CheckOutcome(StrEnum):
    PASSED = "passed"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """`evidence`: what was seen. `fix`: what the author can do about it, when there is something to do."""

    name: str
    outcome: CheckOutcome
    evidence: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the bot said at one candle. `time`: its open time, ISO 8601 in UTC."""

    time: str
    action: str
    price: float
    reason: str


@dataclass(frozen=True, slots=True)
class FileLimits:
    """How large a submission may be."""

    code_max_bytes: int = 1024 * 1024
    file_max_bytes: int = 100 * 1024 * 1024
    files_max_count: int = 50


class Host(Protocol):
    """What a check may do with bot code: `bots.sandbox.host.WorkerPool` fits."""

    def describe(self, package: BotPackage) -> Outcome: ...

    def ask(self, package: BotPackage, requests: list[AskRequest]) -> list[Outcome]: ...


@dataclass(slots=True)
class Submission:
    """What is checked, and what the checks so far have found out for the ones after them."""

    package: BotPackage
    limits: FileLimits = field(default_factory=FileLimits)
    loaded: Outcome | None = None
    decisions: list[Decision] = field(default_factory=list)
    log: str = ""
    # Called by a long check with how much of it is done, 0 to 1.
    progress: Callable[[float], None] = lambda _done: None

    def load(self, host: Host) -> Outcome:
        """The bot as the sandbox loads it; loaded once for all checks."""
        if self.loaded is None:
            self.loaded = host.describe(self.package)
            self.log += self.loaded.log
        return self.loaded

    @property
    def description(self) -> dict[str, Any]:
        """What the bot's class says of itself; empty when its code did not load."""
        return (self.loaded.description if self.loaded else None) or {}


@dataclass(frozen=True, slots=True)
class Report:
    """`status`: passed (warnings allowed) or failed. `decisions`: the last five. `description`: see Outcome."""

    status: str
    checks: list[CheckResult]
    decisions: list[Decision]
    log: str
    description: dict[str, Any]
