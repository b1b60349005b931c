"""Run a program in a pool and say what its verdict is."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bots.sandbox.host import WorkerPool
from bots.sandbox.types import AskRequest, BotPackage, Limits, Outcome, PackageMismatch
from bots.sandbox.wire import clean_text
from tests.sandbox.helpers import OPEN_TIMES, VALUES
from tests.sandbox.hostile.arena import Arena
from tests.sandbox.hostile.catalogue import BLOCKED, NOT_STOPPED, REFUSED, Program, build

# What a sandbox answers (the last one: a network of its own has no listener). Any other error means that the attack
# itself was wrong: nobody has stopped it.
REFUSALS = {
    "EPERM",
    "EACCES",
    "ENOSYS",
    "ENOTTY",
    "ENOENT",
    "ESRCH",
    "EROFS",
    "ENOMEM",
    "EMFILE",
    "EAGAIN",
    "ECONNREFUSED",
}


@dataclass(frozen=True, slots=True)
class Result:
    verdict: str
    outcomes: tuple[Outcome, ...]
    traces: tuple[str, ...]

    def __str__(self) -> str:
        said = [outcome.action.reason if outcome.action else outcome.error for outcome in self.outcomes]
        return f"{self.verdict}: {'; '.join([*said, *self.traces])}"


def run_program(program: Program, pool: WorkerPool, arena: Arena, folder: Path, **target: object) -> Result:
    """Ask the program as often as its header says, and look at what it left behind."""
    package = build(program, folder, {**arena.target, **target})
    outcomes: list[Outcome] = []
    states: dict[str, dict[str, Any]] = {stream: {} for stream in program.streams}
    for number in range(program.calls):
        if number:
            time.sleep(program.pause)
        requests = [AskRequest(stream, {}, states[stream], OPEN_TIMES, VALUES) for stream in program.streams]
        try:
            answers = pool.ask(package, requests)
        except PackageMismatch:
            return Result(REFUSED, (), tuple(arena.traces()))
        for stream, answer in zip(program.streams, answers, strict=True):
            assert_presentable(answer, pool.limits)
            states[stream] = answer.state
        outcomes += answers
    return Result(_verdict(outcomes), tuple(outcomes), tuple(arena.traces()))


def _verdict(outcomes: Sequence[Outcome]) -> str:
    for outcome in outcomes:
        if not outcome.ok:
            return outcome.status
    reasons = [outcome.action.reason for outcome in outcomes if outcome.action]
    if any(reason.startswith("BREACH") for reason in reasons):
        return NOT_STOPPED
    denials = re.findall(r"^denied: (.*)", reasons[-1])
    if not denials:
        return "OK"
    if re.fullmatch(r"E[A-Z0-9]+", denials[0]) and denials[0] not in REFUSALS:
        return f"an unclear {denials[0]}"
    return BLOCKED


def assert_presentable(outcome: Outcome, limits: Limits) -> None:
    """Nothing that came out of the sandbox can break a page, a log line or a database."""
    for text in (outcome.log, outcome.error):
        assert text == clean_text(text)
    assert len(outcome.log.encode()) <= 3 * limits.log_bytes + 100
    assert len(outcome.error) <= 5000
    state = json.dumps(outcome.state, allow_nan=False)
    assert len(state) <= 6 * limits.state_bytes
    assert "\\u0000" not in state
    assert json.loads(state) == outcome.state
    assert (outcome.action is not None) == outcome.ok
    if outcome.action is not None:
        assert outcome.action.action in ("BUY", "SELL", "HOLD")
        assert math.isfinite(outcome.action.price)
        assert outcome.action.price > 0
        assert outcome.action.reason.isprintable()
        assert len(outcome.action.reason) <= 500


NEIGHBOUR = """
import builtins, os, sys

from bot_sdk import Action, CustomBot

class Neighbour(CustomBot):
    warmup_candles = 60

    def analyze_market(self, market_data):
        assert not hasattr(builtins, "left_behind")
        assert "LEFT_BEHIND" not in os.environ
        assert "left_behind" not in sys.modules
        self.state["calls"] = self.state.get("calls", 0) + 1
        close = market_data["close"]
        mean = float(close.rolling(5).mean().iloc[-1])
        return Action(Action.BUY, float(close.iloc[-1]), f"{mean:.4f}", confidence=0.5)
"""
EXPECTED_MEAN = f"{VALUES[-5:, 3].mean():.4f}"


def assert_neighbour_is_well(pool: WorkerPool, neighbour: BotPackage, calls: int) -> None:
    """Another bot answers as ever: with its own state, from the true candles, by libraries that nobody changed."""
    state = {"calls": calls}
    [outcome] = pool.ask(neighbour, [AskRequest("neighbour", {}, state, OPEN_TIMES, VALUES)])
    assert outcome.ok, outcome.error
    assert outcome.action is not None
    assert outcome.action.action == "BUY"
    assert outcome.action.price == VALUES[-1, 3]
    assert outcome.action.reason == EXPECTED_MEAN
    assert outcome.state == {"calls": calls + 1}
    assert outcome.log == ""
