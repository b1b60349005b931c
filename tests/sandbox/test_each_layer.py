"""Take away one layer, and an attack goes through that this layer alone had stopped: so each is known to work.

Where several layers stop an attack, the others are taken away first. The self-test of a worker would notice that a
layer is missing, so it goes as well (and has a test of its own).
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bots.sandbox import launcher
from bots.sandbox.host import WorkerPool
from bots.sandbox.lockdown import LAYERS
from bots.sandbox.process import Process
from bots.sandbox.tiers import Plan, Tier, probe
from bots.sandbox.types import Limits, SandboxUnavailable
from tests.sandbox.helpers import request, write_package
from tests.sandbox.hostile.arena import Arena
from tests.sandbox.hostile.catalogue import BLOCKED, FOLDER, NOT_STOPPED, read_program
from tests.sandbox.hostile.judge import NEIGHBOUR, run_program
from tests.sandbox.test_pool import is_running, wait_until

A, B, C = Tier
LIMITS = Limits(wall_seconds=20.0, start_up_seconds=60.0, memory_bytes=256 * 1024 * 1024, threads=4)
KEPT_POOLS = 6  # each has a zygote with all libraries
PoolFor = Callable[[Plan], WorkerPool]


@dataclass(frozen=True, slots=True)
class Case:
    """On this tier, with `others` missing already, `layer` stops `program`; without it nothing does."""

    layer: str
    tier: Tier
    program: str
    others: tuple[str, ...] = ()
    as_root: bool = False


CASES = [
    Case("landlock", C, "files/read_outside"),
    Case("landlock", C, "proc/machine"),
    Case("landlock", C, "neighbours/files"),
    Case("landlock", B, "files/read_outside"),
    Case("landlock", C, "ptrace/read_memory", ("seccomp", "capabilities")),
    Case("landlock", C, "signals/victim", ("seccomp",)),
    Case("landlock", C, "network/tcp", ("seccomp",)),
    Case("landlock", C, "network/unix_abstract", ("seccomp",)),
    Case("landlock", C, "writes/create_empty", ("seccomp",)),
    Case("seccomp", C, "network/udp"),
    Case("seccomp", C, "network/unix_path"),
    Case("seccomp", C, "processes/fork"),
    Case("seccomp", C, "native/machine_code"),
    Case("seccomp", C, "writes/times"),
    Case("seccomp", C, "exec/memory_file"),
    Case("seccomp", B, "network/udp"),
    Case("seccomp", A, "network/socketpair"),
    Case("uid", B, "proc/reopen_own_pipe"),
    Case("uid", B, "files/read_private", ("landlock", "seccomp", "capabilities")),
    Case("uid", B, "signals/victim", ("landlock", "seccomp", "capabilities")),
    Case("uid", B, "ptrace/read_host_memory", ("landlock", "seccomp", "capabilities")),
    Case("capabilities", C, "privileges/nice", ("seccomp",), as_root=True),
    Case("capabilities", C, "namespaces/change_root", ("seccomp",), as_root=True),
    Case("capabilities", C, "network/packet", ("seccomp",), as_root=True),
    Case("rlimits", C, "memory/reserved_mapping"),
    Case("rlimits", C, "memory/shared_mapping"),
    Case("rlimits", B, "threads/bomb", ("seccomp",)),
    Case("descriptors", C, "descriptors/inherited"),
    Case("descriptors", C, "descriptors/many"),
    # Tier B is tier A without its namespaces.
    Case("namespaces", A, "files/stat_outside"),
    Case("namespaces", A, "files/read_outside", ("landlock", "seccomp")),
    Case("namespaces", A, "network/unix_path", ("landlock", "seccomp")),
    Case("namespaces", A, "network/unix_abstract", ("landlock", "seccomp")),
    Case("namespaces", A, "ptrace/open_process", ("landlock", "seccomp")),
]


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    with Arena() as made:
        yield made


@pytest.fixture(scope="module")
def pool_for() -> Iterator[PoolFor]:
    pools: dict[Plan, WorkerPool] = {}

    def end_oldest() -> None:
        plan = next(iter(pools))
        pools.pop(plan).close()
        end_zygote(plan)

    def get(plan: Plan) -> WorkerPool:
        if why := probe().missing.get(plan.tier):
            pytest.skip(f"tier {plan.tier}: {why}")
        pools[plan] = pools.pop(plan, None) or WorkerPool(LIMITS, plan)
        if len(pools) > KEPT_POOLS:
            end_oldest()
        return pools[plan]

    yield get
    while pools:
        end_oldest()


def end_zygote(plan: Plan) -> None:
    """Each takes memory, and no other test has a plan like these."""
    if plan.without and (zygote := launcher._zygotes.pop(plan, None)):
        zygote.close()


def without(tier: Tier, *layers: str) -> Plan:
    """A plan in which these layers are missing, and the self-test that would notice."""
    if "namespaces" in layers:
        tier, layers = B, tuple(layer for layer in layers if layer != "namespaces")
    return Plan(tier, without=frozenset({*layers, "self_test"} if layers else ()))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.layer}-{case.tier}-{case.program}")
def test_the_layer_alone_stops_it(case: Case, pool_for: PoolFor, arena: Arena, tmp_path: Path) -> None:
    if case.as_root and os.geteuid() != 0:
        pytest.skip("only root has something to lose here")
    program = read_program(FOLDER / f"{case.program}.py")
    stopped = run_program(program, pool_for(without(case.tier, *case.others)), arena, tmp_path / "with")
    assert stopped.verdict == BLOCKED, str(stopped)
    assert not stopped.traces
    through = run_program(program, pool_for(without(case.tier, *case.others, case.layer)), arena, tmp_path / "without")
    assert through.verdict == NOT_STOPPED, str(through)


def test_every_layer_is_among_the_cases() -> None:
    others = {"self_test", "parent_death"}  # below
    assert {case.layer for case in CASES} == {*LAYERS, "namespaces"} - others


@pytest.mark.parametrize("layer", ["landlock", "seccomp"])
def test_the_self_test_refuses_to_load_a_bot_without_the_layer(layer: str, tmp_path: Path) -> None:
    bot = write_package(tmp_path, {"bot.py": NEIGHBOUR})
    plan = Plan(C, without=frozenset({layer}))
    with WorkerPool(LIMITS, plan) as pool, pytest.raises(SandboxUnavailable, match="self-test"):
        pool.ask(bot, [request()])
    end_zygote(plan)
    plan = without(C, layer)
    with WorkerPool(LIMITS, plan) as pool:
        assert pool.ask(bot, [request()])[0].ok
    end_zygote(plan)


@pytest.mark.parametrize(("plan", "survives"), [(Plan(C, first_uid=1), False), (without(C, "parent_death"), True)])
def test_a_worker_dies_with_its_parent_by_that_layer_alone(plan: Plan, survives: bool, tmp_path: Path) -> None:
    bot = write_package(tmp_path, {"bot.py": NEIGHBOUR})
    with WorkerPool(LIMITS, plan) as pool:  # whose zygote no other test uses
        pool.ask(bot, [request()])
        [worker] = pool.worker_pids
        zygote = launcher._zygotes[plan].pid
        os.kill(zygote, signal.SIGKILL)
        wait_until(lambda: not is_running(zygote))
        if survives:
            time.sleep(0.2)
            assert is_running(worker)
            os.kill(worker, signal.SIGKILL)
        wait_until(lambda: not is_running(worker))


def test_stopping_alone_keeps_threads_from_running_between_calls(
    pool_for: PoolFor, arena: Arena, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = read_program(FOLDER / "threads" / "between_calls.py")
    pool = pool_for(without(C, "seccomp"))  # which alone would refuse threads on this tier
    assert run_program(program, pool, arena, tmp_path / "with").verdict == BLOCKED
    send = Process.signal

    def without_stop(self: Process, number: signal.Signals) -> None:
        if number != signal.SIGSTOP:
            send(self, number)

    monkeypatch.setattr(Process, "signal", without_stop)
    assert run_program(program, pool, arena, tmp_path / "without").verdict == NOT_STOPPED


def test_the_clean_start_alone_keeps_the_hosts_environment_away(
    arena: Arena, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = read_program(FOLDER / "host_records" / "memory.py")
    plan = Plan(C, first_uid=2)  # a zygote of its own
    monkeypatch.setenv("MARKETPLACE_SECRET", arena.token)
    with WorkerPool(LIMITS, plan) as pool:
        assert run_program(program, pool, arena, tmp_path / "with").verdict == BLOCKED
    launcher._zygotes.pop(plan).close()
    monkeypatch.setattr(launcher, "ENVIRONMENT", {**launcher.ENVIRONMENT, "MARKETPLACE_SECRET": arena.token})
    with WorkerPool(LIMITS, plan) as pool:
        assert run_program(program, pool, arena, tmp_path / "without").verdict == NOT_STOPPED
    launcher._zygotes.pop(plan).close()
