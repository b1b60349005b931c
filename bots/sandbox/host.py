"""`WorkerPool`: ask bots, each in a worker process of its own. The host's side of the sandbox."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from dataclasses import replace
from types import TracebackType

import numpy as np

from bots.sandbox.conversation import Worker
from bots.sandbox.tiers import Plan, make_plan
from bots.sandbox.types import (
    AskRequest,
    BotPackage,
    Limits,
    Outcome,
    OutcomeStatus,
    PackageMismatch,
    manifest_hash,
)


class WorkerPool:
    """Persistent workers, one per bot version, the least recently used ended first.

    One pool per process. Threads take turns; after a fork the child starts workers of its own. Workers die
    with the process that started them, however it ends.
    """

    def __init__(self, limits: Limits, plan: Plan | None = None) -> None:
        """`plan` is for tests; without one it is the best that this machine can do."""
        self.limits = limits
        self._plan = plan
        self._workers: OrderedDict[str, tuple[Worker, Outcome]] = OrderedDict()
        self._lock = threading.RLock()
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
        worker = Worker(package, self.limits, self._make_plan())
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

    def _make_plan(self) -> Plan:
        """At the first use, so that a machine without a sandbox can still do everything else."""
        if self._plan is None:
            self._plan = make_plan(least_tier=self.limits.least_tier, first_uid=self.limits.first_uid)
        return self._plan

    # --- one process, one thread at a time

    def _turn(self) -> threading.RLock:
        if os.getpid() != self._owner_pid:
            self._start_anew()
        return self._lock

    def _start_anew(self) -> None:
        """In the child after a fork: the workers and the lock (perhaps held) are the parent's."""
        for worker, _ in self._workers.values():
            worker.abandon()
        self._workers.clear()
        self._lock = threading.RLock()
        self._owner_pid = os.getpid()


def _check_arrays(request: AskRequest) -> None:
    count = len(request.open_times)
    if request.open_times.dtype != np.int64 or request.open_times.shape != (count,):
        raise ValueError("open_times must be int64 of shape (n,)")
    if request.values.dtype != np.float64 or request.values.shape != (count, 5):
        raise ValueError("values must be float64 of shape (n, 5)")
