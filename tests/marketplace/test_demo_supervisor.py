"""The demo's supervisor with small shell scripts as services: nothing is left behind, whatever happens."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from marketplace.demo import logs

ROOT = Path(__file__).resolve().parents[2]
PATIENT = {"first_delay_seconds": 0.05, "max_delay_seconds": 0.4, "quick_death_seconds": 60.0}

# A service with a process of its own, as a Celery worker has its pool; it dies of SIGTERM, its process does not.
WITH_CHILD = "(trap '' TERM; while :; do sleep 0.2; done) & echo up; wait"
STUBBORN = "trap '' TERM; echo up; while :; do sleep 0.2; done"


def wait_for(condition: Callable[[], object], *, seconds: float = 15.0) -> None:
    """Until the condition is true; a failure after the time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def _heed_signals() -> None:
    """The tests themselves may run under nohup or in the background, where a shell has these ignored."""
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


class Demo:
    """A running supervisor, and every process that it and its services consist of."""

    def __init__(
        self,
        folder: Path,
        scripts: dict[str, str],
        *,
        restarts: dict[str, float] = PATIENT,
        stop_all_seconds: float = 8.0,
        hang: bool = False,
    ) -> None:
        self.folder = folder
        self.scripts = scripts
        self.mark = f"SUPERVISOR_TEST={uuid.uuid4()}"  # inherited by all of them, so that none can hide
        name, _, value = self.mark.partition("=")
        options = {"scripts": scripts, "restarts": restarts, "stop_all_seconds": stop_all_seconds, "hang": hang}
        arguments = [str(folder), json.dumps(options)]
        self.output = folder / "output"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "tests" / "marketplace" / "supervise.py"), *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": str(ROOT), name: value},
                preexec_fn=_heed_signals,
            )

    def said(self) -> str:
        return self.output.read_text()

    def log(self, name: str) -> str:
        path = self.folder / "logs" / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def wait_until_up(self) -> None:
        wait_for(lambda: all("up" in self.log(name) for name in self.scripts))

    def processes(self) -> list[int]:
        """Everyone with our mark, but zombies: theirs is gone already."""
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                if self.mark.encode() in path.read_bytes().split(b"\0"):
                    found.append(int(path.parent.name))
            except OSError:
                continue
        return found

    def service_pids(self) -> list[int]:
        """The processes that the supervisor itself started, its watchdog excepted."""
        found = []
        for pid in self.processes():
            parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == self.process.pid and not self.is_python(pid):
                found.append(pid)
        return found

    def watchdog_pid(self) -> int:
        (pid,) = (pid for pid in self.processes() if self.is_python(pid) and pid != self.process.pid)
        return pid

    @staticmethod
    def is_python(pid: int) -> bool:
        return b"supervise.py" in Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    demos: list[Demo] = []

    def start_demo(scripts: dict[str, str], **options: Any) -> Demo:
        demos.append(Demo(tmp_path, scripts, **options))
        return demos[-1]

    yield start_demo
    for demo in demos:
        for pid in demo.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        demo.process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_all_services_and_what_they_started_within_ten_seconds(start, number):
    demo = start({"quiet": "echo up; exec sleep 1000", "child": WITH_CHILD, "stubborn": STUBBORN})
    demo.wait_until_up()
    asked_at = time.monotonic()
    demo.process.send_signal(number)
    assert demo.process.wait(15) == 0
    assert time.monotonic() - asked_at < 10
    assert demo.processes() == []


def test_many_stubborn_services_share_one_time_to_stop(start):
    demo = start({f"stubborn{number}": STUBBORN for number in range(12)}, stop_all_seconds=1.0)
    demo.wait_until_up()
    asked_at = time.monotonic()
    demo.process.terminate()
    demo.process.wait(20)
    assert time.monotonic() - asked_at < 4  # one second each would be twelve
    assert demo.processes() == []


def test_a_signal_ends_a_wait_for_an_answer_that_does_not_come(start):
    demo = start({"quiet": "echo up; exec sleep 1000"}, hang=True)
    demo.wait_until_up()
    wait_for(lambda: "hanging" in demo.said())
    demo.process.terminate()
    assert demo.process.wait(10) == 0
    assert demo.processes() == []


def test_services_stop_in_the_reverse_order_of_their_start(start, tmp_path):
    script = "trap 'echo {0} >> order; exit' TERM; echo up; while :; do sleep 0.05; done"
    demo = start({name: script.format(name) for name in ("redis", "web", "worker")})
    demo.wait_until_up()
    demo.process.terminate()
    demo.process.wait(15)
    assert (tmp_path / "order").read_text().split() == ["worker", "web", "redis"]


def test_killing_the_supervisor_leaves_nothing_behind(start):
    demo = start({"quiet": "echo up; exec sleep 1000", "child": WITH_CHILD, "stubborn": STUBBORN})
    demo.wait_until_up()
    assert len(demo.processes()) >= 5  # supervisor, watchdog, three services
    demo.process.kill()
    demo.process.wait()
    wait_for(lambda: demo.processes() == [])


def test_a_process_that_left_its_group_is_stopped_as_well(start):
    demo = start({"worker": "setsid sleep 1000 & echo up; wait"})
    demo.wait_until_up()
    demo.process.terminate()
    demo.process.wait(15)
    assert demo.processes() == []


def test_without_its_watchdog_the_supervisor_still_stops_everything(start):
    demo = start({"child": WITH_CHILD})
    demo.wait_until_up()
    os.kill(demo.watchdog_pid(), signal.SIGKILL)
    demo.process.terminate()
    assert demo.process.wait(15) == 0
    assert demo.processes() == []


def test_the_kernel_stops_the_services_when_supervisor_and_watchdog_are_both_killed(start):
    demo = start({"quiet": "echo up; exec sleep 1000"})
    demo.wait_until_up()
    os.kill(demo.watchdog_pid(), signal.SIGKILL)
    demo.process.kill()
    demo.process.wait()
    wait_for(lambda: demo.processes() == [])


def test_a_service_that_dies_is_started_again_and_its_last_lines_are_shown(start):
    demo = start({"web": "echo up; exec sleep 1000"})
    demo.wait_until_up()
    (first,) = demo.service_pids()
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: demo.log("web") == "up\nup\n")
    assert demo.service_pids() != [first]
    assert "web died (signal SIGKILL), starting it again in 0.05 s" in demo.said()
    assert "    up" in demo.said()


def test_what_a_dead_service_had_started_is_gone_before_its_next_start(start):
    demo = start({"worker": WITH_CHILD})
    demo.wait_until_up()
    before = set(demo.processes())
    (worker,) = demo.service_pids()
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: demo.log("worker") == "up\nup\n")
    assert before & set(demo.processes()) == {demo.process.pid, demo.watchdog_pid()}


def test_five_quick_deaths_in_a_row_end_the_demo(start):
    demo = start({"redis": "echo up; exec sleep 1000", "web": "echo no such table >&2; exit 3"})
    assert demo.process.wait(20) == 1
    said = demo.said()
    delays = ["0.05", "0.1", "0.2", "0.4"]  # doubled each time
    assert [f"web died (exit status 3), starting it again in {delay} s" in said for delay in delays] == [True] * 4
    assert "web died (exit status 3) 5 times in a row" in said
    assert "    no such table" in said
    assert demo.processes() == []


def test_a_service_that_lived_for_a_while_counts_its_deaths_anew(start, tmp_path):
    demo = start({"web": "echo up >> starts; exit 1"}, restarts={**PATIENT, "quick_death_seconds": 0.0})
    starts = tmp_path / "starts"
    wait_for(lambda: starts.exists() and len(starts.read_text().split()) >= 8)
    assert demo.process.poll() is None


def test_a_log_keeps_the_previous_start_and_is_capped_while_it_is_written(tmp_path):
    path = tmp_path / "web.log"
    path.write_text("the start before\n")
    logs.set_aside(path)
    with logs.open_for_child(path) as child:
        child.write(b"x" * 2000)
        child.flush()
        logs.cap(path, max_bytes=1000)
        child.write(b"and on\n")
    assert path.read_text() == "and on\n"
    assert (tmp_path / "web.log.1").read_text() == "x" * 2000
    logs.set_aside(path)
    assert (tmp_path / "web.log.1").read_text() == "and on\n"
