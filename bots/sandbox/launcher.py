"""Start this process's zygote, have it fork workers, start it anew when it has died. Runs in the host."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bots.sandbox import view
from bots.sandbox.tiers import Plan, Tier, namespaces_command
from bots.sandbox.types import SandboxUnavailable
from bots.sandbox.zygote import MESSAGE_BYTES, Settings

# All that a zygote, and so a worker, finds in its environment. One thread each: the cores belong to the workers as a
# whole.
ENVIRONMENT = {
    "HOME": "/nonexistent",
    "PATH": "/nonexistent",
    "TZ": "UTC",
    "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "LOKY_MAX_CPU_COUNT": "1",
    "MALLOC_ARENA_MAX": "2",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "PYTHONDONTWRITEBYTECODE": "1",
    "KERAS_BACKEND": "torch",
    # Keras and PyTorch would make folders of theirs, and Keras takes settings from one in /tmp: here nobody can.
    "KERAS_HOME": "/proc/keras",
    "TORCHINDUCTOR_CACHE_DIR": "/proc",
    "ORT_DISABLE_TELEMETRY": "1",  # or onnxruntime starts threads that report to its vendor
}
START_SECONDS = 120.0  # importing all libraries takes two, with those for deep learning five; a busy machine needs more
ANSWER_SECONDS = 10.0
EXIT_SECONDS = 5.0
UIDS_PER_HOST = 256
HOSTS = 256  # processes on one machine that may have workers at the same time


class ZygoteLost(Exception):
    """It has died, and all its workers with it."""


class Zygote:
    """The running zygote.py of this process. Threads take turns."""

    def __init__(self, plan: Plan) -> None:
        """Raises SandboxUnavailable."""
        self.plan = plan
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        host = os.pidfd_open(os.getpid())
        output, errors = os.pipe()
        first_uid, claim = (None, None) if not plan.own_uids else _claim_uids(plan.first_uid)
        settings = Settings(
            control=theirs.fileno(),
            host=host,
            code_folder=str(view.CODE_FOLDER),
            library_folders=view.library_folders(),
            readable=view.readable(),
            open_closed_folders=plan.tier is Tier.B and plan.own_uids,
            first_uid=first_uid,
            uids=UIDS_PER_HOST,
        )
        handed_over = (theirs.fileno(), host, *([claim.fileno()] if claim else []))
        try:
            self._process = subprocess.Popen(
                _command(plan, settings),
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                pass_fds=handed_over,
                cwd="/",
                env=ENVIRONMENT,
                start_new_session=True,
            )
        except OSError as error:
            self._control.close()
            os.close(output)
            raise SandboxUnavailable(f"the sandbox could not be started: {error}") from error
        finally:
            os.close(errors)
            os.close(host)
            theirs.close()
            if claim:
                claim.close()
        try:
            self._await_ready(output)
        finally:
            os.close(output)

    @property
    def pid(self) -> int:
        """Of the process that was started: bubblewrap in tier A, else the zygote itself."""
        return self._process.pid

    def spawn(self, descriptors: Sequence[int]) -> tuple[int, int]:
        """Fork a worker that takes over copies of requests, replies, prints and the bot's files.

        Its number in the zygote, and a pidfd. Raises SandboxUnavailable or ZygoteLost.
        """
        request = {"do": "spawn", "own_uid": self.plan.own_uids, "without": sorted(self.plan.without)}
        answer, [pidfd] = self._ask(request, descriptors, expected=1)
        return answer["worker"], pidfd

    def reap(self, worker: int) -> tuple[int, float]:
        """After the worker's end: its exit code as subprocess gives it, and the CPU seconds it used."""
        answer, _ = self._ask({"do": "reap", "worker": worker})
        return answer["exit_code"], answer["cpu_seconds"]

    def close(self) -> None:
        """End it and its workers. Safe to call twice."""
        self._control.close()
        try:
            self._process.wait(EXIT_SECONDS)  # it goes by itself when the socket is closed
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)  # bubblewrap and the zygote within
            self._process.wait()

    def abandon(self) -> None:
        """After a fork: it is the parent's."""
        self._control.close()
        self._process.returncode = 0  # or its destructor would warn of a child that is not ours

    def _ask(
        self, request: dict[str, Any], descriptors: Sequence[int] = (), *, expected: int = 0
    ) -> tuple[dict[str, Any], list[int]]:
        with self._lock:
            try:
                socket.send_fds(self._control, [json.dumps(request).encode()], descriptors)
                answer, received = self._receive(ANSWER_SECONDS)
            except (OSError, ValueError) as error:
                self.close()
                raise ZygoteLost(str(error)) from error
            except BaseException:
                # Interrupted (a task's time limit, Ctrl-C): the answer would be taken for that to the next question.
                self.close()
                raise
        if "error" in answer:
            raise SandboxUnavailable(f"a worker could not be started: {answer['error']}")
        if len(received) != expected:
            raise SandboxUnavailable("the zygote answered without a descriptor")
        return answer, received

    def _receive(self, seconds: float) -> tuple[dict[str, Any], list[int]]:
        self._control.settimeout(seconds)
        message, descriptors, _flags, _address = socket.recv_fds(
            self._control, MESSAGE_BYTES, 4, socket.MSG_CMSG_CLOEXEC
        )
        if not message:
            raise EOFError("the zygote has ended")
        return json.loads(message), descriptors

    def _await_ready(self, output: int) -> None:
        try:
            self._receive(START_SECONDS)
        except (OSError, EOFError) as error:
            self.close()
            said = os.read(output, 4096).decode("utf-8", "replace").strip()
            raise SandboxUnavailable(f"the sandbox did not start: {said or error}") from error
        except BaseException:
            self.close()
            raise


def _command(plan: Plan, settings: Settings) -> list[str]:
    """A Python without user settings, `site`, current folder or byte code to write; see zygote.py."""
    around = namespaces_command() if plan.tier is Tier.A else []
    options = ["-I", "-S", "-B", "-X", "utf8"]
    return [*around, view.interpreter(), *options, str(view.ZYGOTE_SCRIPT), json.dumps(asdict(settings))]


def _claim_uids(first: int) -> tuple[int, socket.socket]:
    """The first of a block of user numbers that no other process on this machine uses, and what holds the claim.

    The kernel counts a user's processes over the whole machine, so two hosts must not share one. An abstract socket is
    a name that is taken at once or not at all, and is free again when its last holder, the zygote, has ended.
    """
    for block in range(HOSTS):
        start = first + block * UIDS_PER_HOST
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            claim.bind(f"\0trading-bot-sandbox-uid-{start}")
        except OSError:
            claim.close()
            continue
        return start, claim
    raise SandboxUnavailable(f"all user numbers from {first} on are taken by {HOSTS} other processes")


# --- one per process and plan

_zygotes: dict[Plan, Zygote] = {}
_zygotes_lock = threading.Lock()


def spawn(plan: Plan, descriptors: Sequence[int]) -> tuple[Zygote, int, int]:
    """A worker of this process's zygote, which is started first, or anew if it has died. Raises SandboxUnavailable."""
    for _attempt in range(2):
        zygote = _zygote(plan)
        try:
            return zygote, *zygote.spawn(descriptors)
        except ZygoteLost:
            _forget(zygote)
    raise SandboxUnavailable("the process that starts workers keeps dying")


def _zygote(plan: Plan) -> Zygote:
    with _zygotes_lock:
        if plan not in _zygotes:
            _zygotes[plan] = Zygote(plan)
        return _zygotes[plan]


def _forget(zygote: Zygote) -> None:
    with _zygotes_lock:
        if _zygotes.get(zygote.plan) is zygote:
            del _zygotes[zygote.plan]


def close_all() -> None:
    """End this process's zygotes, and with them every worker. The next worker starts a new one."""
    with _zygotes_lock:
        for zygote in _zygotes.values():
            zygote.close()
        _zygotes.clear()


def zygote_pids() -> list[int]:
    """For tests and measurements."""
    with _zygotes_lock:
        return [zygote.pid for zygote in _zygotes.values()]


def _after_fork() -> None:
    """In the child: the parent's zygotes are not to be talked to, nor kept alive by a copy of their socket."""
    global _zygotes_lock
    _zygotes_lock = threading.Lock()  # it may have been held
    for zygote in _zygotes.values():
        with contextlib.suppress(OSError):
            zygote.abandon()
    _zygotes.clear()


atexit.register(close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
