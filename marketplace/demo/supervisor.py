"""Starts programs, restarts what dies, and stops all of it in order within a bounded time."""

import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self, TypeVar

from marketplace.demo import logs
from marketplace.demo.children import Watchdog, adopt_orphans, kill_group, kill_strays, start_child
from marketplace.demo.errors import DemoError, StopRequested, WaitedInVain

T = TypeVar("T")

TICK_SECONDS = 0.1
CAP_LOGS_EVERY_SECONDS = 10.0
STOP_ALL_SECONDS = 8.0  # then SIGKILL: all of it is over well within 10


@dataclass(frozen=True)
class RestartPolicy:
    first_delay_seconds: float = 0.5  # doubled with every quick death in a row
    max_delay_seconds: float = 8.0
    quick_death_seconds: float = 10.0  # who lived longer starts counting anew
    max_quick_deaths: int = 5

    def delay_seconds(self, quick_deaths: int) -> float:
        return min(self.first_delay_seconds * 2 ** max(quick_deaths - 1, 0), self.max_delay_seconds)


@dataclass(frozen=True)
class Service:
    name: str
    command: list[str]
    environment: Mapping[str, str]
    # How it is asked to stop: each signal, and how long it has before the next. SIGKILL comes last.
    stop_steps: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 1.0),)


@dataclass
class Running:
    """A service and its present process, or the time at which it gets its next one."""

    service: Service
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    restart_at: float = 0.0
    quick_deaths: int = 0


@dataclass
class Supervisor:
    """Use as a context manager: leaving it, in whatever way, stops everything.

    It takes the whole process for itself: its signals, and every child that is left at the end.
    """

    log_dir: Path
    folder: Path  # the programs' working directory
    say: Callable[[str], None]
    restarts: RestartPolicy = RestartPolicy()
    stop_all_seconds: float = STOP_ALL_SECONDS
    give_up_at: float | None = None  # on time.monotonic(): when every wait ends in vain
    _running: list[Running] = field(default_factory=list)
    _stop_requested: bool = False
    _may_interrupt: bool = False
    _logs_capped_at: float = 0.0

    def __enter__(self) -> Self:
        adopt_orphans()
        self._watchdog = Watchdog()  # forked first, while nothing is open that it should not inherit
        signal.signal(signal.SIGINT, self._on_signal)
        signal.signal(signal.SIGTERM, self._on_signal)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # else somebody said nohup
            signal.signal(signal.SIGHUP, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_all()
        kill_strays(but=self._watchdog.pid)
        self._watchdog.close()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        """Stop at the next tick, or at once out of a condition that may be waiting for an answer itself."""
        self._stop_requested = True
        if self._may_interrupt:
            self._may_interrupt = False
            raise StopRequested

    # --- what the story in __main__ calls

    def start(self, service: Service) -> None:
        """Start a service and keep it alive from now on."""
        logs.set_aside(self.log_path(service.name))
        running = Running(service)
        self._running.append(running)
        self._launch(running)

    def run_to_end(self, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        """Run a command that ends by itself, while the services are watched as ever."""
        logs.set_aside(self.log_path(name))
        process = self._spawn(name, command, environment)
        try:
            self.wait_until(lambda: process.poll() is not None, what=f"{name} to finish")
        finally:
            self._clear_up(process)
        if process.returncode != 0:
            raise DemoError(f"{name} failed. {self.end_of_log(name)}")

    def wait_until(self, condition: Callable[[], T], *, what: str, seconds: float | None = None) -> T:
        """The condition's first true value, watching the services meanwhile."""
        limits = [self.give_up_at, None if seconds is None else time.monotonic() + seconds]
        deadline = min((limit for limit in limits if limit is not None), default=float("inf"))
        while True:
            self._tick()
            if value := self._interruptibly(condition):
                return value
            if time.monotonic() > deadline:
                raise WaitedInVain(f"The time is over, and it still waited for {what}.")
            time.sleep(TICK_SECONDS)

    def _interruptibly(self, condition: Callable[[], T]) -> T:
        self._may_interrupt = True
        try:
            return condition()
        finally:
            self._may_interrupt = False

    def run_until_stopped(self) -> None:
        """Watch until a signal asks to stop (StopRequested) or a service cannot be kept alive (DemoError)."""
        self.wait_until(lambda: False, what="the end")

    def stop_all(self) -> None:
        """Stop in the reverse order of the starts."""
        deadline = time.monotonic() + self.stop_all_seconds
        while self._running:
            self._stop(self._running.pop(), deadline)

    def log_path(self, name: str) -> Path:
        return self.log_dir / f"{name}.log"

    def end_of_log(self, name: str, lines: int = 10) -> str:
        path = self.log_path(name)
        return f"The end of {path}:\n{logs.last_lines(path, lines)}"

    # --- one tick: who died, whose delay is over, whose log has grown too big

    def _tick(self) -> None:
        if self._stop_requested:
            raise StopRequested
        now = time.monotonic()
        for running in self._running:
            if running.process is None:
                if now >= running.restart_at:
                    self._launch(running)
            elif running.process.poll() is not None:
                self._bury(running, running.process)
        if now - self._logs_capped_at > CAP_LOGS_EVERY_SECONDS:
            self._logs_capped_at = now
            for path in self.log_dir.glob("*.log"):
                logs.cap(path)

    def _launch(self, running: Running) -> None:
        service = running.service
        running.process = self._spawn(service.name, service.command, service.environment)
        running.started_at = time.monotonic()

    def _spawn(self, name: str, command: list[str], environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        with logs.open_for_child(self.log_path(name)) as output:
            process = start_child(command, output=output, environment=environment, folder=self.folder)
        self._watchdog.watch(process.pid)
        return process

    def _bury(self, running: Running, process: "subprocess.Popen[bytes]") -> None:
        """A service died by itself: clear up after it, and set the time of its next start."""
        name, status = running.service.name, process.returncode
        self._clear_up(process)
        running.process = None
        now = time.monotonic()
        quick = now - running.started_at < self.restarts.quick_death_seconds
        running.quick_deaths = running.quick_deaths + 1 if quick else 1
        how = f"{name} died ({describe_status(status)})"
        if running.quick_deaths >= self.restarts.max_quick_deaths:
            raise DemoError(f"{how} {running.quick_deaths} times in a row. {self.end_of_log(name)}")
        delay = self.restarts.delay_seconds(running.quick_deaths)
        running.restart_at = now + delay
        self.say(f"{how}, starting it again in {delay:g} s. {self.end_of_log(name)}")

    def _clear_up(self, process: "subprocess.Popen[bytes]") -> None:
        """Nothing of the process's group stays behind."""
        kill_group(process)
        self._watchdog.forget(process.pid)

    def _stop(self, running: Running, deadline: float) -> None:
        process = running.process
        if process is None:  # it died, and its next start was still to come
            return
        for number, seconds in running.service.stop_steps:
            process.send_signal(number)
            try:
                process.wait(max(0.0, min(seconds, deadline - time.monotonic())))
                break
            except subprocess.TimeoutExpired:
                continue
        self._clear_up(process)


def describe_status(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
