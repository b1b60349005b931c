from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bots.sandbox.host import WorkerPool
from bots.sandbox.types import BotPackage, Limits, Outcome
from tests.sandbox.helpers import PROBE, probe, write_package


@pytest.fixture(scope="session")
def probe_bot(tmp_path_factory: pytest.TempPathFactory) -> BotPackage:
    return write_package(tmp_path_factory.mktemp("probe"), {"bot.py": PROBE})


@pytest.fixture(scope="session")
def pool() -> Iterator[WorkerPool]:
    """Shared, with time to spare: whatever is slow here is the machine."""
    with WorkerPool(Limits(wall_seconds=30.0, start_up_seconds=60.0, memory_bytes=256 * 1024 * 1024)) as shared:
        yield shared


@pytest.fixture
def run(pool: WorkerPool, probe_bot: BotPackage) -> Callable[..., Outcome]:
    """`run(code)` is the outcome of that code inside `analyze_market`."""

    def ask(code: str, stream: str = "stream", **kwargs: Any) -> Outcome:
        [outcome] = pool.ask(probe_bot, [probe(code, stream, **kwargs)])
        return outcome

    return ask


@pytest.fixture
def make_pool() -> Iterator[Callable[..., WorkerPool]]:
    """A pool of the test's own, with other limits."""
    pools = []

    def make(**limits: Any) -> WorkerPool:
        pools.append(WorkerPool(Limits(**{"wall_seconds": 30.0, "start_up_seconds": 60.0, **limits})))
        return pools[-1]

    yield make
    for made in pools:
        made.close()
