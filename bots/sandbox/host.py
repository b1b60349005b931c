"""`WorkerPool`: ask bots, each in a worker process of its own. The host's side of the sandbox."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import numpy as np

from bots.sandbox.conversation import Worker
from bots.sandbox.process import Popen
from bots.sandbox.types import (
    AskRequest,
    BotPackage,
    Limits,
    Outcome,
    OutcomeStatus,
    PackageMismatch,
    manifest_hash,
)

FOLDER_PREFIX = "bot-worker-"  # then the host's process id, then something random


class WorkerPool:
    """Persistent workers, one per bot version, the least recently used ended first.

    One pool per process. Threads take turns; after a fork the child starts workers of its own. Workers die
    with the process that started them, however it ends.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._workers: OrderedDict[str, tuple[Worker, Outcome]] = OrderedDict()
        self._lock = threading.RLock()
        self._starter: ThreadPoolExecutor | None = None
        self._empty_folder = ""
        self._owner_pid = os.getpid()

    def describe(self, package: BotPackage) -> Outcome:
        """Load the bot and its files; `Outcome.description` says what it is. Raises SandboxUnavailable."""
        with self._turn():
            _, loaded = self._loaded_worker(package)
            return loaded

    def ask(self, package: BotPackage, requests: list[AskRequest]) -> list[Outcome]:
        """One Outcome per request, in order; all go to the worker in one message. Raises SandboxUnavailable.

        A request that costs the worker its life does not take the others with it: they go to a fresh
        worker, up to `failures_per_ask` times. What then is left shares the last outcome.
        """
        for request in requests:
            _check_arrays(request)
        outcomes: list[Outcome] = []
        with self._turn():
            for _ in range(self.limits.failures_per_ask):
                rest = requests[len(outcomes) :]
                if not rest:
                    return outcomes
                worker, loaded = self._loaded_worker(package)
                if worker is None:
                    # Each stream keeps its state: a bot that does not load has not touched it.
                    return outcomes + [replace(loaded, state=each.state, description=None) for each in rest]
                outcomes += worker.ask(rest)
                if not worker.alive:
                    self._drop(package)
        last = outcomes[-1]
        return outcomes + [replace(last, action=None, state=each.state, log="") for each in requests[len(outcomes) :]]

    def close(self) -> None:
        """End all workers. The pool may be used again afterwards; it then starts new ones."""
        with self._turn():
            for worker, _ in self._workers.values():
                worker.end()
            self._workers.clear()
            if self._starter is not None:
                self._starter.shutdown()
                self._starter = None
            if self._empty_folder:
                shutil.rmtree(self._empty_folder, ignore_errors=True)
                self._empty_folder = ""
                atexit.unregister(self.close)

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def worker_pids(self) -> list[int]:
        """The processes that are kept, least recently used first. For health pages and tests."""
        with self._turn():
            return [worker.process.pid for worker, _ in self._workers.values()]

    # --- workers

    def _loaded_worker(self, package: BotPackage) -> tuple[Worker | None, Outcome]:
        """A worker that has loaded the bot, and what came of loading; no worker when that failed."""
        kept = self._workers.get(package.content_hash)
        if kept is not None:
            if kept[0].is_usable():
                self._workers.move_to_end(package.content_hash)
                return kept
            self._drop(package)
        if manifest_hash(package.manifest) != package.content_hash:
            raise PackageMismatch("the manifest is not the one that was approved")
        while len(self._workers) >= max(self.limits.workers, 1):
            _, (oldest, _) = self._workers.popitem(last=False)
            oldest.end()
        worker = Worker(package, self.limits, empty_folder=self._make_empty_folder(), start=self._start_process)
        try:
            loaded = worker.load()
        except BaseException:
            worker.end()
            raise
        if loaded.status is not OutcomeStatus.OK:
            worker.end()
            return None, loaded
        self._workers[package.content_hash] = (worker, loaded)
        return worker, loaded

    def _drop(self, package: BotPackage) -> None:
        worker, _ = self._workers.pop(package.content_hash)
        worker.end()

    def _start_process(self, popen: Callable[[], Popen]) -> Popen:
        """Start a worker from a thread that lives as long as this pool.

        The kernel kills a worker when the *thread* that started it ends, not the process.
        """
        if threading.current_thread() is threading.main_thread():
            return popen()
        if self._starter is None:
            self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="worker-starter")
        return self._starter.submit(popen).result()

    def _make_empty_folder(self) -> str:
        # It may be gone again: systems clean their temporary folders.
        if not os.path.isdir(self._empty_folder):
            _remove_leftovers()
            self._empty_folder = tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{os.getpid()}-")
            atexit.register(self.close)
        return self._empty_folder

    # --- one process, one thread at a time

    def _turn(self) -> threading.RLock:
        if os.getpid() != self._owner_pid:
            self._start_anew()
        return self._lock

    def _start_anew(self) -> None:
        """In the child after a fork: the workers, the folder and the lock (perhaps held) are the parent's."""
        for worker, _ in self._workers.values():
            worker.abandon()
        self._workers.clear()
        self._lock = threading.RLock()
        self._starter = None
        self._empty_folder = ""
        self._owner_pid = os.getpid()


def _remove_leftovers() -> None:
    """Take away the empty folders of hosts that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}[0-9]*-*"):
        pid = folder.name.removeprefix(FOLDER_PREFIX).split("-")[0]
        if not Path("/proc", pid).exists():
            with contextlib.suppress(OSError):
                folder.rmdir()


def _check_arrays(request: AskRequest) -> None:
    count = len(request.open_times)
    if request.open_times.dtype != np.int64 or request.open_times.shape != (count,):
        raise ValueError("open_times must be int64 of shape (n,)")
    if request.values.dtype != np.float64 or request.values.shape != (count, 5):
        raise ValueError("values must be float64 of shape (n, 5)")
