"""The process that workers come from: clean, replaced when it dies, gone with its host, and without leaks."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bots.sandbox import launcher
from bots.sandbox.host import WorkerPool
from bots.sandbox.tiers import Plan, Tier
from bots.sandbox.types import BotPackage, OutcomeStatus
from tests.sandbox.helpers import probe, write_package
from tests.sandbox.test_pool import COUNTER, is_running, start_host, wait_until

MakePool = Callable[..., WorkerPool]
GENERATIONS = 60  # SANDBOX_GENERATIONS=1000 for the long run


def generations() -> int:
    return int(os.environ.get("SANDBOX_GENERATIONS", GENERATIONS))


@pytest.fixture
def counter(tmp_path: Path) -> BotPackage:
    return write_package(tmp_path / "counter", {"bot.py": COUNTER})


def zygote_of(plan: Plan) -> launcher.Zygote:
    return launcher._zygotes[plan]


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def inner_pid(plan: Plan) -> int:
    """The Python process itself: in tier A it is bubblewrap's child."""
    pid = zygote_of(plan).pid
    return children(pid)[0] if plan.tier is Tier.A else pid


def memory_of(pid: int) -> Iterator[bytes]:
    """Everything a process can read, as far as root may read it."""
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in maps:
            addresses, permissions, *_ = line.split()
            start, end = (int(each, 16) for each in addresses.split("-"))
            if permissions[0] == "r" and "[v" not in line:
                with contextlib.suppress(OSError, OverflowError):
                    memory.seek(start)
                    yield memory.read(end - start)


def test_no_secret_of_the_host_is_in_a_workers_memory(
    plan: Plan, make_pool: MakePool, probe_bot: BotPackage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs to be root, to read another process's memory")
    launcher.close_all()
    # Put together here, so that the words are in this process's memory and in no source file.
    secrets = {place: f"{place}-{os.urandom(8).hex()}".encode() for place in ("environment", "memory", "file")}
    monkeypatch.setenv("PLANTED", secrets["environment"].decode())
    planted = tmp_path / "settings.py"
    planted.write_bytes(secrets["file"])
    left, right = socket.socketpair()
    with planted.open("rb", buffering=0) as file, left, right:
        os.set_inheritable(file.fileno(), True)
        left.send(secrets["file"])
        marker = f"known-{os.urandom(8).hex()}"
        pool = make_pool()
        assert pool.ask(probe_bot, [probe(f"self.kept = {marker!r}")])[0].ok
        seen = dict.fromkeys((*secrets, "marker"), False)
        for block in memory_of(pool.worker_pids[0]):
            seen["marker"] |= marker.encode() in block
            for place, secret in secrets.items():
                seen[place] |= secret in block
    assert seen == {"environment": False, "memory": False, "file": False, "marker": True}


def test_another_bots_code_is_not_in_a_workers_memory(plan: Plan, make_pool: MakePool, probe_bot: BotPackage) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs to be root, to read another process's memory")
    secret = os.urandom(8).hex()
    assert make_pool().ask(probe_bot, [probe(f"self.kept = {secret!r}")])[0].ok
    second = make_pool()
    assert second.ask(probe_bot, [probe("")])[0].ok
    assert not any(secret.encode() in block for block in memory_of(second.worker_pids[0]))


# --- it dies, or its host does


def test_a_dead_zygote_takes_its_workers_and_is_replaced(
    plan: Plan, make_pool: MakePool, probe_bot: BotPackage
) -> None:
    pool = make_pool()
    assert pool.ask(probe_bot, [probe("")])[0].ok
    [worker], zygote = pool.worker_pids, inner_pid(plan)
    os.kill(zygote, signal.SIGKILL)
    wait_until(lambda: not is_running(worker))
    assert pool.ask(probe_bot, [probe("")])[0].ok
    assert pool.worker_pids != [worker]
    assert inner_pid(plan) != zygote


def test_a_zygote_that_dies_in_the_middle_of_a_call(plan: Plan, make_pool: MakePool, probe_bot: BotPackage) -> None:
    pool = make_pool()
    assert pool.ask(probe_bot, [probe("")])[0].ok
    timer = threading.Timer(0.3, os.kill, (inner_pid(plan), signal.SIGKILL))
    timer.start()
    [outcome] = pool.ask(probe_bot, [probe("import time; time.sleep(20)", state={"n": 1})])
    timer.join()
    assert outcome.status is OutcomeStatus.RUNTIME_ERROR
    assert outcome.state == {"n": 1}
    assert pool.ask(probe_bot, [probe("")])[0].ok


def test_all_die_with_a_killed_host_even_when_a_child_of_it_lives_on(plan: Plan, counter: BotPackage) -> None:
    """The child has copies of the host's descriptors, the socket to the zygote among them until it closes it."""
    code = """
[zygote] = launcher.zygote_pids()
import subprocess
held = [os.dup(n) for n in range(3, 64) if os.path.exists(f"/proc/self/fd/{n}")]
child = subprocess.Popen(["sleep", "60"], close_fds=False, pass_fds=held, stdout=subprocess.DEVNULL)
print(pool.worker_pids[0], zygote, child.pid, flush=True)
time.sleep(600)
"""
    with start_host(counter, plan, code) as host:
        assert host.stdout is not None
        worker, zygote, child = map(int, host.stdout.readline().split())
        host.kill()
        host.wait()
        try:
            wait_until(lambda: not is_running(worker) and not is_running(zygote))
            assert is_running(child)
        finally:
            os.kill(child, signal.SIGKILL)


def test_it_outlives_the_thread_that_started_it(plan: Plan, make_pool: MakePool, probe_bot: BotPackage) -> None:
    launcher.close_all()
    pool = make_pool()
    thread = threading.Thread(target=pool.ask, args=(probe_bot, [probe("")]))
    thread.start()
    thread.join(60)
    [worker], zygote = pool.worker_pids, inner_pid(plan)
    assert pool.ask(probe_bot, [probe("")])[0].ok
    assert (pool.worker_pids, inner_pid(plan)) == ([worker], zygote)


def test_it_has_one_thread(plan: Plan, make_pool: MakePool, probe_bot: BotPackage) -> None:
    make_pool().ask(probe_bot, [probe("")])
    assert len(os.listdir(f"/proc/{inner_pid(plan)}/task")) == 1


def test_a_forked_child_neither_uses_nor_holds_the_zygote(plan: Plan, counter: BotPackage) -> None:
    code = """
sockets = lambda: sum(os.readlink(f"/proc/self/fd/{n}").startswith("socket") for n in os.listdir("/proc/self/fd")
                      if os.path.islink(f"/proc/self/fd/{n}"))
before = sockets()
child = os.fork()
if child == 0:
    print(before, sockets(), launcher.zygote_pids(), flush=True)
    os._exit(0)
os.waitpid(child, 0)
assert pool.ask(package, [request()])[0].ok
"""
    with start_host(counter, plan, code) as host:
        output, _ = host.communicate(timeout=60)
    assert host.returncode == 0
    assert output.split() == ["1", "0", "[]"]


# --- leaks


def descriptors(pid: int | str) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def test_nothing_is_left_after_many_generations(plan: Plan, make_pool: MakePool, probe_bot: BotPackage) -> None:
    pool = make_pool()
    endings = ("", "import os; os._exit(3)", "import ctypes; ctypes.string_at(0)")
    pool.ask(probe_bot, [probe("")])
    pool.close()
    before = descriptors("self"), descriptors(inner_pid(plan)), children(inner_pid(plan))
    for number in range(generations()):
        pool.ask(probe_bot, [probe(endings[number % len(endings)])])
        pool.close()
    assert (descriptors("self"), descriptors(inner_pid(plan)), children(inner_pid(plan))) == before
    assert before[2] == []


def test_a_worker_that_cannot_be_started_leaves_nothing(
    plan: Plan, make_pool: MakePool, probe_bot: BotPackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make_pool()
    pool.ask(probe_bot, [probe("")])
    pool.close()
    before = descriptors("self"), descriptors(inner_pid(plan))
    (probe_bot.folder / "bot.py").rename(probe_bot.folder / "away.py")
    try:
        for _ in range(3):
            with pytest.raises(Exception, match=r"bot\.py cannot be read"):
                pool.ask(probe_bot, [probe("")])
        (probe_bot.folder / "bot.py").symlink_to("/etc/passwd")
        with pytest.raises(Exception, match=r"bot\.py cannot be read"):
            pool.ask(probe_bot, [probe("")])
        (probe_bot.folder / "bot.py").unlink()
        os.mkfifo(probe_bot.folder / "bot.py")
        with pytest.raises(Exception, match=r"bot\.py cannot be read: not a file"):
            pool.ask(probe_bot, [probe("")])
        (probe_bot.folder / "bot.py").unlink()
    finally:
        (probe_bot.folder / "away.py").rename(probe_bot.folder / "bot.py")
    assert (descriptors("self"), descriptors(inner_pid(plan))) == before
    assert pool.ask(probe_bot, [probe("")])[0].ok
