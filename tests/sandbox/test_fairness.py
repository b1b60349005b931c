"""No bot takes more than its share of time or memory from the others."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bots.sandbox.fairness import LONGEST_PAUSE, Pauses
from bots.sandbox.host import WorkerPool
from bots.sandbox.types import BotPackage, OutcomeStatus
from tests.sandbox.helpers import PROBE, probe, write_package

MakePool = Callable[..., WorkerPool]
HANGS = "while True: pass"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_once_late_has_no_consequence() -> None:
    pauses = Pauses(Clock())
    pauses.note("a", took_seconds=5.0, ran_out=True)
    assert pauses.seconds_left("a") == 0.0


def test_who_is_always_late_gets_its_share_and_no_more() -> None:
    """A bot that hangs in every call, asked whenever it may be, over a day of candles."""
    clock = Clock()
    pauses = Pauses(clock)
    used = 0.0
    while clock.now < 86_400:
        if pauses.seconds_left("a") > 0:
            clock.now += 1
            continue
        clock.now += 20.0
        used += 20.0
        pauses.note("a", took_seconds=20.0, ran_out=True)
    assert used / clock.now == pytest.approx(1 / (1 + LONGEST_PAUSE), rel=0.1)
    assert pauses.seconds_left("b") == 0.0


def test_it_recovers_by_answering_in_time() -> None:
    clock = Clock()
    pauses = Pauses(clock)
    for _ in range(2):
        pauses.note("a", took_seconds=5.0, ran_out=True)
    assert pauses.seconds_left("a") == 10.0
    clock.now += 10.0
    for _ in range(2):
        assert pauses.seconds_left("a") == 0.0
        pauses.note("a", took_seconds=0.1, ran_out=False)
    assert pauses._strikes == pauses._until == {}


def test_a_version_has_one_budget_for_all_its_streams(make_pool: MakePool, probe_bot: BotPackage) -> None:
    """Each call keeps its own limit, and forty streams of it may not hold up the others forty times."""
    pool = make_pool(wall_seconds=5.0, ask_seconds=1.0)
    pool.describe(probe_bot)
    started = time.monotonic()
    outcomes = pool.ask(probe_bot, [probe("import time; time.sleep(0.3)", str(n), state={"n": n}) for n in range(40)])
    assert time.monotonic() - started < 4.0
    answered = [outcome.ok for outcome in outcomes]
    assert answered == sorted(answered, reverse=True)
    assert 1 <= sum(answered) <= 3
    assert {outcome.status for outcome in outcomes if not outcome.ok} == {OutcomeStatus.TIME_LIMIT}
    assert "the 1 seconds for all calls at one candle are used up" in outcomes[-1].error
    assert [outcome.state.get("n") for outcome in outcomes] == list(range(40))


def test_a_bot_that_always_hangs_is_not_asked_for_a_while(
    make_pool: MakePool, probe_bot: BotPackage, tmp_path: Path
) -> None:
    pool = make_pool(wall_seconds=0.3)
    other = write_package(tmp_path / "other", {"bot.py": PROBE + "# another\n"})
    for _ in range(2):
        assert "no answer within" in pool.ask(probe_bot, [probe(HANGS)])[0].error
    started = time.monotonic()
    [refused] = pool.ask(probe_bot, [probe(HANGS, state={"n": 7})])
    assert refused.status is OutcomeStatus.TIME_LIMIT
    assert refused.error.startswith("not asked: the bot keeps running out of time")
    assert refused.state == {"n": 7}
    assert pool.ask(other, [probe("")])[0].ok
    assert time.monotonic() - started < 5


# --- memory over all workers


@pytest.fixture
def bots(tmp_path: Path) -> list[BotPackage]:
    return [write_package(tmp_path / name, {"bot.py": PROBE + f"# {name}\n"}) for name in ("one", "two", "three")]


def test_the_workers_together_keep_within_their_memory(make_pool: MakePool, bots: list[BotPackage]) -> None:
    pool = make_pool(total_memory_bytes=250 * 1024 * 1024)
    one, two, three = bots
    fill = "self.kept = bytearray(100 * 1024 * 1024)"
    assert pool.ask(one, [probe(fill)])[0].ok
    [first] = pool.worker_pids
    assert pool.ask(two, [probe(fill)])[0].ok
    assert len(pool.worker_pids) == 2
    second = pool.worker_pids[1]
    assert pool.ask(three, [probe(fill)])[0].ok
    # 216 MB of the first two fitted; now the third has its part, and the next turn finds them too many.
    assert pool.ask(two, [probe("")])[0].ok
    assert first not in pool.worker_pids
    assert second in pool.worker_pids


def test_one_alone_is_held_by_its_own_limit_only(make_pool: MakePool, bots: list[BotPackage]) -> None:
    pool = make_pool(total_memory_bytes=10 * 1024 * 1024)
    for _ in range(3):
        assert pool.ask(bots[0], [probe("self.kept = bytearray(50 * 1024 * 1024)")])[0].ok
    assert len(pool.worker_pids) == 1


def test_a_fresh_worker_has_little_of_its_own(pool: WorkerPool, probe_bot: BotPackage) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs to be root, to see what another process shares")
    assert pool.ask(probe_bot, [probe("")])[0].ok
    lines = Path(f"/proc/{pool.worker_pids[-1]}/smaps_rollup").read_text().splitlines()[1:]
    kilobytes = {line.split()[0]: int(line.split()[1]) for line in lines}
    assert kilobytes["Private_Dirty:"] + kilobytes["Private_Clean:"] < 20 * 1024
