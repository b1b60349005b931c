"""A short call stays on one core; a long one may go anywhere, and nothing of it is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from bots.sandbox.cores import SharedCore
from bots.sandbox.host import WorkerPool
from bots.sandbox.types import BotPackage, Outcome, OutcomeStatus
from tests.sandbox.helpers import probe

pytestmark = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="this machine has one core only")


@pytest.fixture
def other() -> Iterator[int]:
    """The number of a process that waits."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process.pid
        process.kill()


def test_both_are_held_on_one_core_until_the_call_is_over(other: int) -> None:
    before = os.sched_getaffinity(0)
    shared = SharedCore(other)
    shared.share()
    assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(other) == os.sched_getaffinity(0)
    shared.leave()
    assert os.sched_getaffinity(0) == before


def test_a_call_that_takes_long_gets_all_cores_and_the_next_one_is_short_again(other: int) -> None:
    before = os.sched_getaffinity(0)
    shared = SharedCore(other)
    shared.share()
    shared.free()
    assert os.sched_getaffinity(0) == os.sched_getaffinity(other) == before
    shared.leave()
    shared.share()
    assert len(os.sched_getaffinity(other)) == 1
    shared.leave()


def test_a_process_that_is_gone_holds_nobody() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    before = os.sched_getaffinity(0)
    shared = SharedCore(process.pid)
    shared.share()
    assert os.sched_getaffinity(0) == before
    shared.free()
    shared.leave()


def test_a_long_call_is_let_go_while_it_runs(run: Callable[..., Outcome]) -> None:
    outcome = run("import os\nwhile len(os.sched_getaffinity(0)) < 2: pass")
    assert outcome.ok, outcome.error


@pytest.mark.parametrize("code", ["pass", "raise ValueError", "while True: pass"])
def test_the_host_is_as_free_as_before_however_a_call_ends(
    code: str, make_pool: Callable[..., WorkerPool], probe_bot: BotPackage
) -> None:
    before = os.sched_getaffinity(0)
    pool = make_pool(wall_seconds=0.3)
    pool.describe(probe_bot)
    [outcome] = pool.ask(probe_bot, [probe(code)])
    assert outcome.status in (OutcomeStatus.OK, OutcomeStatus.RUNTIME_ERROR, OutcomeStatus.TIME_LIMIT)
    assert os.sched_getaffinity(0) == before
