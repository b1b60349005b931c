"""Does the bot answer over recorded candles, within its limits?"""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from statistics import median

import numpy as np

from bot_sdk.candles import random_walk
from bots.sandbox.types import AskRequest, Outcome, OutcomeStatus
from bots.validation.types import CheckOutcome, CheckResult, Decision, Host, Submission

NAME = "runs"
CANDLES = 300
SEED = 2024
FIRST_OPEN_TIME = datetime(2025, 1, 1, tzinfo=UTC)
MINUTE_NS = 60_000_000_000
# For all candles together: a bot that needs nearly its whole time at each would hold up everybody's checks.
TOTAL_SECONDS = 60.0
LOG_CHARACTERS = 20_000

FIXES = {
    OutcomeStatus.TIME_LIMIT: "Do less per candle: no endless loops, no waiting, no training.",
    OutcomeStatus.MEMORY_LIMIT: "Keep less in memory, or make the model smaller.",
    OutcomeStatus.OUTPUT_LIMIT: "Print less, and keep the reason and self.state short.",
    OutcomeStatus.RUNTIME_ERROR: "Correct the error at the line named here; analyze_market must never raise.",
    OutcomeStatus.PROTOCOL_ERROR: "analyze_market must return one Action, as the guide for bot authors shows.",
}


def check(submission: Submission, host: Host) -> CheckResult:
    submission.load(host)
    warmup = submission.description["warmup_candles"]
    values = random_walk(warmup + CANDLES, seed=SEED)
    first = int(FIRST_OPEN_TIME.timestamp()) * 1_000_000_000
    open_times = first + np.arange(len(values), dtype=np.int64) * MINUTE_NS

    state: dict = {}
    durations = []
    started = time.monotonic()
    for start in range(CANDLES):
        window = slice(start, start + warmup)
        request = AskRequest("validation", {}, state, open_times[window], values[window])
        [outcome] = host.ask(submission.package, [request])
        submission.log = (submission.log + outcome.log)[:LOG_CHARACTERS]
        when = datetime.fromtimestamp(int(open_times[start + warmup - 1]) // 1_000_000_000, UTC).isoformat()
        if outcome.action is None:
            return _failed(outcome, when)
        action = outcome.action
        submission.decisions.append(Decision(when, action.action, action.price, action.reason))
        state = outcome.state
        durations.append(outcome.duration_seconds)
        if time.monotonic() - started > TOTAL_SECONDS:
            evidence = f"only {len(durations)} of {CANDLES} candles were answered in {TOTAL_SECONDS:.0f} seconds"
            return CheckResult(NAME, CheckOutcome.FAILED, evidence, FIXES[OutcomeStatus.TIME_LIMIT])
        if start % 10 == 0:
            submission.progress(start / CANDLES)
    return _judge(submission, durations)


def _failed(outcome: Outcome, when: str) -> CheckResult:
    evidence = f"{outcome.status} at the candle of {when}: {outcome.error}"
    return CheckResult(NAME, CheckOutcome.FAILED, evidence, FIXES[outcome.status])


def _judge(submission: Submission, durations: list[float]) -> CheckResult:
    counts = Counter(decision.action for decision in submission.decisions)
    said = ", ".join(f"{counts[action]} {action}" for action in ("BUY", "SELL", "HOLD"))
    times = f"median {median(durations) * 1000:.1f} ms, slowest {max(durations) * 1000:.1f} ms"
    evidence = f"{CANDLES} candles: {said}; {times}"
    if not counts["BUY"] and not counts["SELL"]:
        fix = "Make sure that the bot can trade with its default parameters on candles of one minute."
        return CheckResult(NAME, CheckOutcome.WARNING, f"the bot never traded. {evidence}", fix)
    return CheckResult(NAME, CheckOutcome.PASSED, evidence)
