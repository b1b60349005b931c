"""Workers over time: kept, stopped, replaced, shared out, and gone when their host is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bots.sandbox import launcher
from bots.sandbox.host import WorkerPool
from bots.sandbox.tiers import Plan
from bots.sandbox.types import (
    AskRequest,
    BotPackage,
    Outcome,
    OutcomeStatus,
    PackageMismatch,
    SandboxUnavailable,
)
from tests.sandbox.helpers import OPEN_TIMES, VALUES, probe, request, write_package

ROOT = Path(__file__).resolve().parent.parent.parent
MakePool = Callable[..., WorkerPool]

COUNTER = """
    from bot_sdk import Action, CustomBot

    class Counter(CustomBot):
        calls = 0

        def analyze_market(self, market_data):
            self.calls += 1
            self.state["calls"] = self.state.get("calls", 0) + 1
            return Action("HOLD", 1, f"{self.calls} {self.config.get('name')}")
"""


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    """Whether the process exists and is more than a zombie."""
    try:
        return process_state(pid) != "Z"
    except OSError:
        return False


def process_state(pid: int, task: str = "") -> str:
    stat = Path(f"/proc/{pid}/{f'task/{task}/' if task else ''}stat").read_text()
    return stat.rpartition(") ")[2][0]


@pytest.fixture
def counter(tmp_path: Path) -> BotPackage:
    return write_package(tmp_path / "counter", {"bot.py": COUNTER})


def reasons(outcomes: list[Outcome]) -> list[str]:
    assert all(outcome.action for outcome in outcomes), outcomes
    return [outcome.action.reason for outcome in outcomes if outcome.action]


def test_a_worker_stays_for_the_next_call(pool: WorkerPool, probe_bot: BotPackage) -> None:
    code = "answer = Action('HOLD', 1, str(id(self)))"
    first = reasons(pool.ask(probe_bot, [probe(code)]))
    assert reasons(pool.ask(probe_bot, [probe(code)])) == first


def test_streams_share_neither_instance_nor_state(pool: WorkerPool, counter: BotPackage) -> None:
    ask = [request("a", config={"name": "A"}), request("b", config={"name": "B"}, state={"calls": 10})]
    first = pool.ask(counter, ask)
    second = pool.ask(counter, [replace(each, state=out.state) for each, out in zip(ask, first, strict=True)])
    assert reasons(first) == ["1 A", "1 B"]
    assert reasons(second) == ["2 A", "2 B"]
    assert [outcome.state for outcome in second] == [{"calls": 2}, {"calls": 12}]


def test_the_state_is_the_hosts_and_not_what_the_instance_kept(pool: WorkerPool, counter: BotPackage) -> None:
    pool.ask(counter, [request("s", state={"calls": 5})])
    [outcome] = pool.ask(counter, [request("s", state={"calls": 1})])
    assert outcome.state == {"calls": 2}


def test_another_config_makes_another_instance(pool: WorkerPool, counter: BotPackage) -> None:
    pool.ask(counter, [request("t", config={"name": "old"})])
    assert reasons(pool.ask(counter, [request("t", config={"name": "new"})])) == ["1 new"]


def test_an_error_costs_the_instance_but_not_the_worker(pool: WorkerPool, probe_bot: BotPackage) -> None:
    code = """
    self.calls = getattr(self, "calls", 0) + 1
    if self.state.get("fail"): raise ValueError
    answer = Action("HOLD", 1, f"call {self.calls}")
    """
    good, bad = probe(code, "u"), probe(code, "u", state={"fail": True})
    outcomes = pool.ask(probe_bot, [good, good])
    pids = pool.worker_pids
    outcomes += pool.ask(probe_bot, [bad]) + pool.ask(probe_bot, [good])
    assert [outcome.status.value for outcome in outcomes] == ["OK", "OK", "RUNTIME_ERROR", "OK"]
    assert reasons([outcomes[0], outcomes[1], outcomes[3]]) == ["call 1", "call 2", "call 1"]
    assert pool.worker_pids == pids


def test_many_streams_in_one_message(pool: WorkerPool, counter: BotPackage) -> None:
    """More than the pipes hold in either direction, with candles of their own."""
    requests = [
        AskRequest(f"many {number}", {"name": "x" * 300}, {"pad": "y" * 5000}, OPEN_TIMES.copy(), VALUES.copy())
        for number in range(300)
    ]
    outcomes = pool.ask(counter, requests)
    assert len(outcomes) == 300
    assert all(outcome.ok for outcome in outcomes)
    assert outcomes[299].state == {"pad": "y" * 5000, "calls": 1}


def test_no_requests_no_outcomes(pool: WorkerPool, probe_bot: BotPackage) -> None:
    assert pool.ask(probe_bot, []) == []


def test_a_deadly_request_does_not_take_the_others_with_it(pool: WorkerPool, probe_bot: BotPackage) -> None:
    good, deadly = probe("answer = Action('BUY', 1, 'good')"), probe("import os; os._exit(1)")
    outcomes = pool.ask(probe_bot, [good, deadly, good, replace(good, state={"n": 1})])
    assert [outcome.status.value for outcome in outcomes] == ["OK", "RUNTIME_ERROR", "OK", "OK"]
    assert outcomes[3].state == {"n": 1}


def test_a_version_that_keeps_dying_is_given_up(make_pool: MakePool, probe_bot: BotPackage) -> None:
    pool = make_pool(failures_per_ask=2)
    outcomes = pool.ask(probe_bot, [probe("import os; os._exit(1)", state={"n": n}) for n in range(6)])
    assert {outcome.status for outcome in outcomes} == {OutcomeStatus.RUNTIME_ERROR}
    assert [outcome.state["n"] for outcome in outcomes] == list(range(6))


def test_what_filled_the_memory_is_gone_for_the_next_stream(make_pool: MakePool, probe_bot: BotPackage) -> None:
    pool = make_pool(memory_bytes=128 * 1024 * 1024)
    fill = "import builtins; builtins.kept = []\nwhile True: builtins.kept.append(bytearray(10**6))"
    outcomes = pool.ask(probe_bot, [probe(fill), probe("bytearray(50 * 10**6)", "other")])
    assert [outcome.status.value for outcome in outcomes] == ["MEMORY_LIMIT", "OK"]


# --- between the calls


def test_threads_of_a_bot_stand_still_between_calls(make_pool: MakePool, plan: Plan, probe_bot: BotPackage) -> None:
    pool = make_pool(threads=2)
    code = """
    import threading
    self.ticks = 0
    def spin():
        while True: self.ticks += 1
    threading.Thread(target=spin, daemon=True).start()
    """
    [outcome] = pool.ask(probe_bot, [probe(code)])
    if not plan.own_uids:
        assert "can't start new thread" in outcome.error
        return
    assert outcome.ok
    [pid] = pool.worker_pids
    tasks = os.listdir(f"/proc/{pid}/task")
    assert len(tasks) == 2
    wait_until(lambda: all(process_state(pid, task) == "T" for task in tasks))


@pytest.mark.parametrize("threads", [1, 3])
def test_no_more_threads_than_allowed(make_pool: MakePool, plan: Plan, probe_bot: BotPackage, threads: int) -> None:
    code = """
    import threading
    stop = threading.Event()
    started = 1
    try:
        while True:
            threading.Thread(target=stop.wait, daemon=True).start()
            started += 1
    except RuntimeError as error:
        stop.set()
        self.state["found"] = [started, str(error)]
    """
    [outcome] = make_pool(threads=threads).ask(probe_bot, [probe(code)])
    assert outcome.state["found"] == [threads if plan.own_uids else 1, "can't start new thread"]


def test_a_killed_worker_is_replaced(pool: WorkerPool, counter: BotPackage) -> None:
    pool.ask(counter, [request()])
    pid = pool.worker_pids[-1]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_running(pid))
    [outcome] = pool.ask(counter, [request(state={"calls": 8})])
    assert outcome.state == {"calls": 9}
    assert pid not in pool.worker_pids


def test_a_worker_is_renewed_before_its_processor_time_is_used_up(make_pool: MakePool, probe_bot: BotPackage) -> None:
    pool = make_pool(cpu_seconds=2)
    code = "import time\nwhile time.process_time() < 1.5: pass"
    assert pool.ask(probe_bot, [probe(code)])[0].ok
    assert pool.worker_pids == []


def test_the_least_recently_used_worker_goes(make_pool: MakePool, tmp_path: Path) -> None:
    pool = make_pool(workers=2)
    one, two, three = (
        write_package(tmp_path / name, {"bot.py": COUNTER + f"    # {name}\n"}) for name in ("1", "2", "3")
    )
    pool.ask(one, [request()])
    [pid_one] = pool.worker_pids
    pool.ask(two, [request()])
    pid_two = pool.worker_pids[-1]
    pool.ask(one, [request()])
    pool.ask(three, [request()])
    assert pool.worker_pids[0] == pid_one
    assert len(pool.worker_pids) == 2
    assert not is_running(pid_two)


def test_close_ends_all_and_the_pool_can_go_on(pool: WorkerPool, counter: BotPackage) -> None:
    pool.ask(counter, [request()])
    pids = pool.worker_pids
    pool.close()
    assert not any(is_running(pid) for pid in pids)
    assert pool.ask(counter, [request()])[0].ok


def test_nothing_is_left_open(pool: WorkerPool, probe_bot: BotPackage) -> None:
    pool.close()
    before = len(os.listdir("/proc/self/fd"))
    for code in ("import os; os._exit(1)", "1 / 0"):
        pool.ask(probe_bot, [probe(code)])
    pool.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_an_interrupted_call_ends_the_worker(pool: WorkerPool, probe_bot: BotPackage) -> None:
    """A task's time limit raises in the middle: the next call must not read the answer to this one."""
    pool.ask(probe_bot, [probe("")])

    def interrupt(*_: object) -> None:
        raise TimeoutError("the task's time is up")

    previous = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(TimeoutError):
            pool.ask(probe_bot, [probe("import time; time.sleep(20)")])
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert reasons(pool.ask(probe_bot, [probe("answer = Action('HOLD', 1, 'mine')")])) == ["mine"]


def test_threads_take_turns_and_their_workers_outlive_them(make_pool: MakePool, counter: BotPackage) -> None:
    pool = make_pool()
    outcomes: list[Outcome] = []
    threads = [
        threading.Thread(target=lambda name=name: outcomes.extend(pool.ask(counter, [request(name)])))  # type: ignore[misc]
        for name in ("x", "y", "z")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [outcome.ok for outcome in outcomes] == [True] * 3
    [pid] = pool.worker_pids
    assert pool.ask(counter, [request("x")])[0].ok
    assert pool.worker_pids == [pid]


# --- the host's own end


def start_host(package: BotPackage, plan: Plan, code: str) -> subprocess.Popen[str]:
    """A Python with a pool that has asked once; `code` follows, and may print."""
    program = f"""
import json, os, sys, time
from pathlib import Path
from bots.sandbox import launcher, tiers
from bots.sandbox.host import WorkerPool
from bots.sandbox.types import BotPackage, Limits, PackageFile
from tests.sandbox.helpers import request
manifest = tuple(PackageFile(*row) for row in json.loads(sys.argv[1]))
package = BotPackage({package.content_hash!r}, Path({str(package.folder)!r}), manifest)
pool = WorkerPool(Limits(wall_seconds=30, start_up_seconds=60), tiers.Plan(tiers.Tier({str(plan.tier)!r})))
assert pool.ask(package, [request()])[0].ok
{code}
"""
    rows = [[file.name, file.file_type, file.key, file.framework, file.sha256] for file in package.manifest]
    command = [sys.executable, "-c", program, json.dumps(rows)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_workers_die_with_their_host(counter: BotPackage, plan: Plan) -> None:
    code = "print(pool.worker_pids[0], flush=True); time.sleep(600)"
    with start_host(counter, plan, code) as host:
        assert host.stdout is not None
        pid = int(host.stdout.readline())
        wait_until(lambda: process_state(pid) == "T")  # stopped between calls, and must die nevertheless
        host.kill()
        wait_until(lambda: not is_running(pid))


def test_a_normal_exit_leaves_no_worker(counter: BotPackage, plan: Plan) -> None:
    with start_host(counter, plan, "print(pool.worker_pids[0])") as host:
        output, _ = host.communicate(timeout=60)
    assert host.returncode == 0
    wait_until(lambda: not is_running(int(output)))  # the kernel ends it right after its parent, the zygote


def test_a_forked_host_starts_its_own_workers(counter: BotPackage, plan: Plan) -> None:
    code = """
child = os.fork()
if child == 0:
    outcome = pool.ask(package, [request()])[0]
    print("child", outcome.state["calls"], pool.worker_pids[0], flush=True)
    pool.close()
    os._exit(0)
os.waitpid(child, 0)
before = pool.worker_pids[0]
assert pool.ask(package, [request()])[0].ok
print("parent", before, pool.worker_pids[0])
"""
    with start_host(counter, plan, code) as host:
        output, _ = host.communicate(timeout=60)
    assert host.returncode == 0
    child, parent = (line.split() for line in output.splitlines())
    assert child[:2] == ["child", "1"]
    assert parent[1] == parent[2], "the parent's worker must survive the child"
    assert child[2] != parent[1]


# --- what is let in


def test_a_changed_file_is_refused(pool: WorkerPool, tmp_path: Path) -> None:
    package = write_package(tmp_path / "bot", {"bot.py": COUNTER})
    (package.folder / "bot.py").write_text("print('not what was approved')")
    with pytest.raises(PackageMismatch, match=r"bot\.py is not the file that was approved"):
        pool.ask(package, [request()])


def test_a_missing_file_is_refused(pool: WorkerPool, tmp_path: Path) -> None:
    package = write_package(tmp_path / "bot", {"bot.py": COUNTER, "model.bin": b"1"}, model=("DATA", "DATA", ""))
    (package.folder / "model.bin").unlink()
    with pytest.raises(PackageMismatch, match=r"model\.bin cannot be read"):
        pool.describe(package)


def test_a_manifest_under_another_hash_is_refused(pool: WorkerPool, counter: BotPackage) -> None:
    with pytest.raises(PackageMismatch, match="the manifest is not the one"):
        pool.ask(replace(counter, content_hash="0" * 64), [request()])


@pytest.mark.parametrize(
    ("open_times", "values"),
    [
        (OPEN_TIMES.astype(np.float64), VALUES),
        (OPEN_TIMES[:-1], VALUES),
        (OPEN_TIMES, VALUES[:, :4]),
        (OPEN_TIMES, VALUES.astype(np.float32)),
    ],
)
def test_arrays_of_another_shape_are_the_callers_mistake(
    pool: WorkerPool, counter: BotPackage, open_times: np.ndarray, values: np.ndarray
) -> None:
    with pytest.raises(ValueError, match="must be"):
        pool.ask(counter, [AskRequest("s", {}, {}, open_times, values)])


def test_a_worker_that_cannot_start_is_the_sandboxes_own_failure(
    make_pool: MakePool, counter: BotPackage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    launcher.close_all()
    broken = tmp_path / "zygote.py"
    broken.write_text("raise RuntimeError('no such library')")
    with monkeypatch.context() as patched:
        patched.setattr("bots.sandbox.view.ZYGOTE_SCRIPT", broken)
        patched.setattr("bots.sandbox.view.OWN_CODE", (str(broken),))
        with pytest.raises(SandboxUnavailable, match="no such library"):
            make_pool().ask(counter, [request()])
    with monkeypatch.context() as patched:
        patched.setattr("bots.sandbox.launcher._command", lambda *_: ["/nonexistent/python"])
        with pytest.raises(SandboxUnavailable, match="could not be started"):
            make_pool().ask(counter, [request()])
    assert make_pool().ask(counter, [request()])[0].ok
