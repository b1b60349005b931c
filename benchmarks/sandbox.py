"""What the sandbox costs: each bot in its worker, beside a plain call of the same bot in this process.

Both are asked in turn about the same 500 candles (open time and five columns), so that whatever else the machine does
falls on both. "Isolation" is all that is not the bot: encoding, transport, building the frame, checking the answer,
stopping and continuing the process. Throughput is per second of processor time of host and worker together, with all
the streams of a version in one message, as a candle's close brings them.

`./run bench sandbox`; `python -m benchmarks.sandbox --soak 1000000` watches the memory over a million calls.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._sandbox_bots import EMPTY, TALKATIVE, Subject, _subject, subjects
from benchmarks.report import print_table
from bot_sdk.candles import random_walk
from bot_sdk.runtime import ask_bot, candles_frame
from bots.sandbox.host import WorkerPool
from bots.sandbox.tiers import make_plan, probe
from bots.sandbox.types import AskRequest, Limits, Outcome

CANDLES = 500
MINUTE_NS = 60_000_000_000
CALLS = 4000
WARM_UP_CALLS = 300
STREAMS = 16  # in one message
MESSAGES = 200
STARTS = 10
SOAK_SAMPLES = 10
LIMITS = Limits(ask_seconds=120.0, start_up_seconds=60.0)

VALUES = random_walk(CANDLES + 1000, seed=1)
OPEN_TIMES = 1_700_000_040_000_000_000 + np.arange(len(VALUES), dtype=np.int64) * MINUTE_NS


def main() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, WorkerPool(LIMITS) as pool:
        Path(folder).chmod(0o755)
        rows = {subject.name: _measure(pool, subject) for subject in subjects(Path(folder))}
        fork_ms = _fork_and_lock_down(folder)
    boosting = [rows[name]["worker_mb"] for name in ("XGBoost", "LightGBM") if name in rows]
    figures = {
        "tier": probe().sentence,
        "isolation_ms_p50": rows["empty"]["isolation_ms_p50"],
        "empty_calls_per_second": rows["empty"]["calls_per_second_per_core"],
        "worker_mb": max(boosting, default=rows["pandas"]["worker_mb"]),
        "fork_and_lock_down_ms_p50": fork_ms,
        "bots": rows,
    }
    columns = ["isolation_ms_p50", "p50_ms", "p99_ms", "plain_p50_ms", "plain_p99_ms"]
    columns += [
        "calls_per_second_per_core",
        "one_by_one_per_core",
        "plain_calls_per_second",
        "start_up_ms",
        "worker_mb",
    ]
    print_table(
        f"{CANDLES} x 6 candles, {figures['tier']}; fork and lock-down {fork_ms} ms",
        ["bot", *(column.replace("_", " ") for column in columns)],
        [(name, *(row[column] for column in columns)) for name, row in rows.items()],
    )
    return figures


def _request(number: int, stream: str = "one") -> AskRequest:
    window = slice(number % 1000, number % 1000 + CANDLES)
    return AskRequest(stream, {}, {}, OPEN_TIMES[window], VALUES[window])


def _measure(pool: WorkerPool, subject: Subject) -> dict[str, float]:
    started = time.perf_counter()
    outcome = pool.describe(subject.package)
    start_up = time.perf_counter() - started
    if not outcome.ok:
        raise RuntimeError(f"{subject.name}: {outcome.error}")
    for number in range(WARM_UP_CALLS):
        _ask(pool, subject, [_request(number)])
        _plain(subject, number)
    sandboxed, plain = [], []
    for number in range(CALLS):
        request = _request(number)
        started = time.perf_counter()
        _ask(pool, subject, [request])
        sandboxed.append(time.perf_counter() - started)
        plain.append(_plain(subject, number))
    p50, p99 = _percentiles(sandboxed)
    plain_p50, plain_p99 = _percentiles(plain)
    return {
        "isolation_ms_p50": round(p50 - plain_p50, 4),
        "p50_ms": p50,
        "p99_ms": p99,
        "plain_p50_ms": plain_p50,
        "plain_p99_ms": plain_p99,
        "calls_per_second_per_core": _per_core(pool, subject, STREAMS),
        "one_by_one_per_core": _per_core(pool, subject, 1),
        "plain_calls_per_second": round(1 / statistics.fmean(plain)),
        "start_up_ms": round(1000 * start_up, 1),
        **_memory(pool.worker_pids[-1]),
    }


def _ask(pool: WorkerPool, subject: Subject, requests: list[AskRequest]) -> list[Outcome]:
    outcomes = pool.ask(subject.package, requests)
    for outcome in outcomes:
        if not outcome.ok:
            raise RuntimeError(f"{subject.name}: {outcome.status} {outcome.error}")
    return outcomes


def _plain(subject: Subject, number: int) -> float:
    """The bot alone, on a frame that is there already."""
    window = slice(number % 1000, number % 1000 + CANDLES)
    frame = candles_frame(OPEN_TIMES[window].copy(), VALUES[window].copy(order="F"))
    started = time.perf_counter()
    ask_bot(subject.plain, frame)
    return time.perf_counter() - started


def _per_core(pool: WorkerPool, subject: Subject, streams: int) -> int:
    """Calls per second of processor time."""
    requests = [_request(0, f"stream {number}") for number in range(streams)]
    requests = [replace(each, open_times=requests[0].open_times, values=requests[0].values) for each in requests]
    _ask(pool, subject, requests)
    worker = _cpu_clock(pool.worker_pids[-1])
    before = time.process_time() + time.clock_gettime(worker)
    for _ in range(MESSAGES):
        _ask(pool, subject, requests)
    return round(MESSAGES * streams / (time.process_time() + time.clock_gettime(worker) - before))


def _cpu_clock(pid: int) -> int:
    return ~pid << 3 | 2  # as clock_getcpuclockid() makes it


def _percentiles(seconds: Sequence[float]) -> tuple[float, float]:
    """The median and the 99th percentile, in milliseconds."""
    p99 = statistics.quantiles(seconds, n=100, method="inclusive")[98]
    return round(1000 * statistics.median(seconds), 4), round(1000 * p99, 4)


def _memory(pid: int) -> dict[str, float]:
    """What the worker alone has, and its share of all."""
    mapped = _mapped_mb(pid)
    return {"worker_mb": mapped["Private"], "worker_pss_mb": mapped["Pss"]}


def _mapped_mb(pid: int) -> dict[str, float]:
    """As /proc names them, and Private: what would be free without this process. NaN for who may not see it."""
    megabytes = dict.fromkeys(("Rss", "Pss", "Private_Dirty", "Private"), float("nan"))
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    except PermissionError:
        return megabytes
    kilobytes = {line.split()[0].rstrip(":"): int(line.split()[1]) for line in lines}
    kilobytes["Private"] = kilobytes["Private_Clean"] + kilobytes["Private_Dirty"]
    return {name: round(kilobytes[name] / 1024, 1) for name in megabytes}


def _fork_and_lock_down(folder: str) -> float:
    """Milliseconds from the request to a worker that has passed its self-test."""
    from bots.sandbox.conversation import Worker

    plan = make_plan(least_tier=LIMITS.least_tier)
    package = _subject(Path(folder), "start", EMPTY).package
    times = []
    for _ in range(STARTS):
        started = time.perf_counter()
        worker = Worker(package, LIMITS, plan)
        times.append(time.perf_counter() - started)
        worker.end()
    return round(1000 * statistics.median(times), 2)


def soak(calls: int) -> dict[str, Any]:
    """Many calls of one bot; the memory of host, worker and zygote along the way must not grow.

    Of each: what is resident, and what it alone has written. The former of worker and zygote is mostly the same pages.
    """
    with tempfile.TemporaryDirectory() as folder, WorkerPool(replace(LIMITS, cpu_seconds=100_000)) as pool:
        Path(folder).chmod(0o755)
        subject = _subject(Path(folder), "soak", TALKATIVE)
        states: list[dict[str, Any]] = [{} for _ in range(STREAMS)]
        rows: list[list[Any]] = []
        started, done = time.perf_counter(), 0
        for sample in range(SOAK_SAMPLES + 1):
            while done < calls * sample / SOAK_SAMPLES:
                asked = [replace(_request(done, f"stream {each}"), state=state) for each, state in enumerate(states)]
                states = [outcome.state for outcome in _ask(pool, subject, asked)]
                done += len(states)
            if not sample:  # the first call makes the worker
                _ask(pool, subject, [_request(0)])
            [worker] = pool.worker_pids
            mapped = [_mapped_mb(pid) for pid in (os.getpid(), worker, _parent(worker))]
            seconds = round(time.perf_counter() - started)
            rows.append([done, seconds, *(each[kind] for each in mapped for kind in ("Rss", "Private_Dirty")), worker])
            print(*rows[-1], flush=True)  # as it goes: who breaks it off has seen something
    columns = [f"{process} {kind}" for process in ("host", "worker", "zygote") for kind in ("MB", "own MB")]
    print_table(f"Memory over {calls:,} calls", ["calls", "seconds", *columns, "worker's process"], rows)
    return {"calls": calls, "columns": columns, "first": rows[1][2:8], "last": rows[-1][2:8]}


def _parent(pid: int) -> int:
    """Of a worker: the zygote. What the host has started may be bubblewrap around it."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("PPid:"):
            return int(line.split()[1])
    raise ProcessLookupError(pid)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--soak", type=int, metavar="CALLS", help="instead: watch the memory over so many calls")
    options = parser.parse_args()
    soak(options.soak) if options.soak else main()
