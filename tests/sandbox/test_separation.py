"""What bot code finds around it: a clean process with nothing of the host's."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from bots.sandbox import launcher
from bots.sandbox.host import WorkerPool
from bots.sandbox.tiers import Plan
from bots.sandbox.types import BotPackage, Outcome, OutcomeStatus
from tests.sandbox.helpers import probe

Run = Callable[..., Outcome]
SET_BY_LIBRARIES = {"LC_CTYPE", "PWD", "KMP_INIT_AT_FORK", "KMP_DUPLICATE_LIB_OK", "TF_FORCE_GPU_ALLOW_GROWTH"}
WORKER_MODULES = ("frames", "loader", "lockdown", "serve", "syscalls", "types", "view", "warmup", "wire")


def found(outcome: Outcome) -> object:
    """What the code put into `self.state["found"]`."""
    assert outcome.status is OutcomeStatus.OK, outcome.error
    return outcome.state["found"]


def test_it_is_another_process_in_a_session_of_its_own(run: Run, pool: WorkerPool) -> None:
    assert run("").ok
    pid = pool.worker_pids[-1]
    assert pid != os.getpid()
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    group, session = stat[2:4]
    assert group == session != os.getsid(0)


def test_the_environment_holds_no_secret_of_the_host(
    make_pool: Callable[..., WorkerPool], probe_bot: BotPackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "planted-secret")
    launcher.close_all()
    pool = make_pool()
    environment = found(pool.ask(probe_bot, [probe("import os; self.state['found'] = dict(os.environ)")])[0])
    assert environment.keys() <= {*launcher.ENVIRONMENT, *SET_BY_LIBRARIES}  # type: ignore[attr-defined]
    assert b"planted-secret" not in Path(f"/proc/{pool.worker_pids[0]}/environ").read_bytes()


def test_no_descriptor_of_the_host_is_inherited(
    make_pool: Callable[..., WorkerPool], probe_bot: BotPackage, tmp_path: Path
) -> None:
    planted = tmp_path / "database"
    planted.write_text("rows")
    left, right = socket.socketpair()
    launcher.close_all()
    pool = make_pool()
    with planted.open() as file, left, right:
        os.set_inheritable(file.fileno(), True)
        os.set_inheritable(left.fileno(), True)
        assert pool.ask(probe_bot, [probe("")])[0].ok
    opened = Path(f"/proc/{pool.worker_pids[0]}/fd")
    # stdin, the two streams of the log, requests and replies
    kinds = {int(link.name): os.readlink(link).split(":")[0] for link in opened.iterdir()}
    assert kinds == {0: "/dev/null", 1: "pipe", 2: "pipe", 3: "pipe", 4: "pipe"}


def test_the_working_folder_is_not_the_projects_and_cannot_be_listed(run: Run) -> None:
    assert found(run("import os; self.state['found'] = os.getcwd()")) == "/"
    assert "PermissionError" in run("import os; os.listdir('.')").error


# Not `tests` itself: a library that bots may read has installed a package of that name.
@pytest.mark.parametrize("module", ["marketplace", "subscriptions", "exchanges", "tests.factories"])
def test_the_platforms_own_modules_are_not_to_be_found(run: Run, module: str) -> None:
    code = f"""
        import importlib.util
        try:
            found = importlib.util.find_spec({module!r})
        except ModuleNotFoundError:
            found = None
        self.state["found"] = found is None
        """
    assert found(run(code)) is True


def test_django_and_the_host_side_are_not_loaded(run: Run) -> None:
    code = "import sys; self.state['found'] = [name for name in sys.modules if name.startswith(('django', 'bots'))]"
    assert set(found(run(code))) == {  # type: ignore[call-overload]
        "bots",
        "bots.sandbox",
        *(f"bots.sandbox.{name}" for name in WORKER_MODULES),
    }


@pytest.mark.parametrize(
    "code",
    [
        "import wave",
        "import _sqlite3",
        "import scipy.optimize",
        "import sklearn.naive_bayes",
        "import zoneinfo; zoneinfo.ZoneInfo('Europe/Berlin')",
    ],
)
def test_libraries_can_be_imported_and_time_zones_read(run: Run, code: str) -> None:
    outcome = run(code)
    assert outcome.ok, outcome.error


def test_standard_input_is_empty(run: Run) -> None:
    assert found(run("import sys; self.state['found'] = open(0, closefd=False).read()")) == ""


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_NOFILE, 64),
    ],
)
def test_limits_are_set_hard(run: Run, limit: int, expected: int) -> None:
    code = f"import resource; self.state['found'] = list(resource.getrlimit({limit}))"
    assert found(run(code)) == [expected, expected]


def test_it_has_no_privileges_and_can_gain_none(run: Run, pool: WorkerPool, plan: Plan) -> None:
    assert run("").ok
    lines = Path(f"/proc/{pool.worker_pids[-1]}/status").read_text().splitlines()
    status = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[name][0], 16) == 0, name
    assert status["NoNewPrivs"] == ["1"]
    assert status["Seccomp"] == ["2"]  # a filter
    uid = 200_000 if plan.own_uids else os.getuid()
    assert all(int(each) >= uid for each in status["Uid"] + status["Gid"])
    assert not plan.own_uids or status["Groups"] == []


def test_a_file_cannot_be_written(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "written"
    outcome = run(f"with open({str(target)!r}, 'w') as file: file.write('x')")
    assert outcome.status is OutcomeStatus.RUNTIME_ERROR
    assert "PermissionError" in outcome.error or "FileNotFoundError" in outcome.error
    assert not target.exists() or target.read_text() == ""


def test_the_bot_has_no_keys(run: Run) -> None:
    assert found(run("self.state['found'] = [len(self.api_keys), type(self.api_keys).__name__]")) == [0, "mappingproxy"]


def test_the_candles_arrive_as_promised(run: Run) -> None:
    code = """
    index = market_data.index
    self.state["found"] = [
        type(index).__name__, str(index.tz), index.is_monotonic_increasing, list(market_data.columns),
        sorted({str(dtype) for dtype in market_data.dtypes}), market_data.shape, index[0].isoformat(),
    ]
    """
    assert found(run(code)) == [
        "DatetimeIndex",
        "UTC",
        True,
        ["open", "high", "low", "close", "volume"],
        ["float64"],
        [60, 5],
        "2023-11-14T22:14:00+00:00",
    ]


def test_a_bot_may_write_into_its_frame_and_disturbs_nobody(pool: WorkerPool, probe_bot: BotPackage) -> None:
    spoil = "market_data.iloc[:, :] = 0.0; market_data['mine'] = 1"
    look = "self.state['found'] = [float(market_data['close'].min()), list(market_data.columns)]"
    # The three share one pair of arrays, which travels once.
    _, outcome, _ = pool.ask(probe_bot, [probe(spoil, "a"), probe(look, "b"), probe(spoil, "c")])
    lowest, columns = found(outcome)  # type: ignore[misc]
    assert lowest > 1000
    assert "mine" not in columns
