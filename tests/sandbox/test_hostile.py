"""Every program in `hostile/` on every tier that this machine can make: the verdict of its header, and no traces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bots.sandbox.host import WorkerPool
from bots.sandbox.tiers import Plan
from bots.sandbox.types import BotPackage, Limits
from tests.sandbox.helpers import write_package
from tests.sandbox.hostile.arena import Arena
from tests.sandbox.hostile.catalogue import NOT_STOPPED, HeaderError, Program, parse_header, programs, read_program
from tests.sandbox.hostile.judge import NEIGHBOUR, assert_neighbour_is_well, run_program

PROGRAMS = programs()
# With time to spare, because a busy machine is no program's fault: those that hang get less, see `hurried`.
LIMITS = Limits(memory_bytes=256 * 1024 * 1024, threads=4, wall_seconds=60.0, ask_seconds=120.0, start_up_seconds=60.0)


@pytest.fixture(scope="session")
def arena() -> Iterator[Arena]:
    with Arena() as made:
        yield made


@pytest.fixture(scope="session")
def pool(plan: Plan) -> Iterator[WorkerPool]:
    """Of this tier, for all programs."""
    with WorkerPool(LIMITS, plan) as shared:
        yield shared


@contextmanager
def hurried(pool: WorkerPool, program: Program) -> Iterator[None]:
    """Workers that are started now have no more time than the program's header gives them."""
    pool.limits = replace(LIMITS, wall_seconds=program.wall, start_up_seconds=program.start_up)
    try:
        yield
    finally:
        pool.limits = LIMITS


@pytest.fixture(scope="session")
def neighbour(tmp_path_factory: pytest.TempPathFactory) -> BotPackage:
    return write_package(tmp_path_factory.mktemp("neighbour"), {"bot.py": NEIGHBOUR})


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_the_verdict(
    program: Program, plan: Plan, arena: Arena, pool: WorkerPool, neighbour: BotPackage, tmp_path: Path
) -> None:
    if program.missing:
        pytest.skip(f"{program.missing} is not installed (./run setup --deep-learning)")
    assert_neighbour_is_well(pool, neighbour, calls=1)
    with hurried(pool, program):
        result = run_program(program, pool, arena, tmp_path / "bot", neighbour=pool.worker_pids[-1])
    expected = program.expect[plan.tier]
    assert result.verdict in expected, f"{program.title} Expected {' or '.join(sorted(expected))}, got {result}"
    assert not result.traces or expected == {NOT_STOPPED}
    assert any(program.error in outcome.error for outcome in result.outcomes) or not program.error, str(result)
    assert_neighbour_is_well(pool, neighbour, calls=2)


# --- the programs themselves


def test_there_are_enough_of_them_and_of_every_kind() -> None:
    families = Counter(program.family for program in PROGRAMS)
    assert families.total() >= 130
    assert all(count >= 3 for count in families.values()), families


def test_all_that_is_not_stopped_says_who_stops_it_elsewhere_or_why_it_is_borne() -> None:
    for program in PROGRAMS:
        if NOT_STOPPED in frozenset().union(*program.expect.values()):
            assert program.layers or "Borne:" in program.title, program.name


HEADER = "# Does harm.\n# expect: BLOCKED\n"


@pytest.mark.parametrize(
    ("header", "complaint"),
    [
        ("", "expect"),
        ("# Does harm.\n", "expect"),
        ("# expect: BLOCKED\n", "what is attempted"),
        ("# Does harm.\n# expect: STOPPED\n", "STOPPED: not one of"),
        (f"{HEADER}# layer: seccomp\n", "not understood"),
        (f"{HEADER}# layers: secomp\n", "secomp: not one of"),
        (f"{HEADER}# tiers: D=OK\n", "'D' is not a tier"),
        (f"{HEADER}# tiers: A=FINE\n", "FINE: not one of"),
        (f"{HEADER}# expect: OK\n", "twice"),
        (f"{HEADER}# calls: many\n", "many"),
    ],
)
def test_a_header_that_is_not_understood_is_an_error(header: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(f"{header}\nx = 1\n")
    with pytest.raises(HeaderError, match=complaint):
        read_program(path)


def test_a_header_says_what_is_expected_where() -> None:
    header = f"{HEADER}# tiers: B=OK C=OK|TIME_LIMIT\n# layers: seccomp uid\n# calls: 3\n"
    program = parse_header("family/name", Path("name.py"), header)
    assert program.title == "Does harm."
    assert program.expect == {"A": {"BLOCKED"}, "B": {"OK"}, "C": {"OK", "TIME_LIMIT"}}
    assert program.layers == {"seccomp", "uid"}
    assert (program.calls, program.wall, program.start_up) == (3, 60.0, 60.0)
