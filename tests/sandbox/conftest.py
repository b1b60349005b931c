from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bots.sandbox.host import WorkerPool
from bots.sandbox.tiers import Plan, Tier
from bots.sandbox.tiers import probe as tier_probe
from bots.sandbox.types import BotPackage, Limits, Outcome
from tests.sandbox.helpers import PROBE, probe, write_package

PATIENT: dict[str, Any] = {"wall_seconds": 30.0, "ask_seconds": 60.0, "start_up_seconds": 60.0}


@pytest.fixture(scope="session")
def probe_bot(tmp_path_factory: pytest.TempPathFactory) -> BotPackage:
    return write_package(tmp_path_factory.mktemp("probe"), {"bot.py": PROBE})


@pytest.fixture(scope="session", params=list(Tier))
def plan(request: pytest.FixtureRequest) -> Plan:
    """Every tier that this machine can make: tests that use a pool run on each."""
    tier: Tier = request.param
    if why := tier_probe().missing.get(tier):
        pytest.skip(f"tier {tier}: {why}")
    return Plan(tier)


@pytest.fixture(scope="session")
def pool(plan: Plan) -> Iterator[WorkerPool]:
    """Shared, with time to spare: whatever is slow here is the machine."""
    with WorkerPool(Limits(**PATIENT, memory_bytes=256 * 1024 * 1024), plan) as shared:
        yield shared


@pytest.fixture
def run(pool: WorkerPool, probe_bot: BotPackage) -> Callable[..., Outcome]:
    """`run(code)` is the outcome of that code inside `analyze_market`."""

    def ask(code: str, stream: str = "stream", **kwargs: Any) -> Outcome:
        [outcome] = pool.ask(probe_bot, [probe(code, stream, **kwargs)])
        return outcome

    return ask


@pytest.fixture
def make_pool(plan: Plan) -> Iterator[Callable[..., WorkerPool]]:
    """A pool of the test's own, with other limits."""
    pools = []

    def make(**limits: Any) -> WorkerPool:
        pools.append(WorkerPool(Limits(**{**PATIENT, **limits}), plan))
        return pools[-1]

    yield make
    for made in pools:
        made.close()
