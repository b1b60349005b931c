"""In words: why a worker came to its end. Runs in the host."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence

from bots.sandbox.types import Limits, OutcomeStatus


class Ended(Exception):
    """The conversation is over and the worker has to go, with this verdict on the request that was due."""

    def __init__(self, status: OutcomeStatus | None, error: str) -> None:
        super().__init__(error)
        self.status = status  # None: the process ended by itself, look at how
        self.error = error


def crash_verdict(
    exit_code: int, crash: bytes, *, cpu_seconds: float, limits: Limits, code_names: Sequence[str]
) -> tuple[OutcomeStatus, str]:
    """Of a process that ended by itself: `exit_code` as subprocess gives it, `crash` what it wrote last."""
    if exit_code >= 0:
        return OutcomeStatus.RUNTIME_ERROR, f"the bot ended its own process (exit code {exit_code})"
    where = place(crash, code_names)
    if exit_code == -signal.SIGXCPU or cpu_seconds >= limits.cpu_seconds:
        return OutcomeStatus.TIME_LIMIT, f"more than {limits.cpu_seconds} seconds of processor time were used{where}"
    if b"bad_alloc" in crash or b"MemoryError" in crash:
        return OutcomeStatus.MEMORY_LIMIT, f"the bot used more memory than it may{where}"
    return OutcomeStatus.RUNTIME_ERROR, f"the bot's process crashed ({_signal_name(-exit_code)}){where}"


def place(stack: bytes, code_names: Sequence[str]) -> str:
    """` at bot.py, line 3, in analyze_market`: the innermost frame of the bot's own code in faulthandler's stack."""
    for name, line, function in re.findall(rb'File "([\w.]+)", line (\d+) in ([\w<>]+)', stack):
        if name.decode() in code_names:
            return f" at {name.decode()}, line {int(line)}, in {function.decode()}"
    return ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal has no name
        return f"signal {number}"
