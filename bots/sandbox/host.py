"""`WorkerPool`: ask bots, each in a worker process of its own. The host's side of the sandbox."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from dataclasses import replace
from types import TracebackType

import numpy as np

from bots.sandbox.conversation import Worker
from bots.sandbox.fairness import Pauses
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
        self._pauses = Pauses()
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
        version = package.content_hash
        with self._turn():
            if (wait := self._pauses.seconds_left(version)) > 0:
                error = f"not asked: the bot keeps running out of time, the next try is in {wait:.0f} seconds"
                return [Outcome(OutcomeStatus.TIME_LIMIT, state=each.state, error=error) for each in requests]
            started = time.monotonic()
            outcomes = self._ask(package, requests)
            ran_out = any(outcome.status is OutcomeStatus.TIME_LIMIT for outcome in outcomes)
            self._pauses.note(version, took_seconds=time.monotonic() - started, ran_out=ran_out)
            return outcomes

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

    def _ask(self, package: BotPackage, requests: list[AskRequest]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        until = None
        for _ in range(self.limits.failures_per_ask):
            rest = requests[len(outcomes) :]
            if not rest:
                return outcomes
            worker, loaded = self._loaded_worker(package)
            if worker is None:
                # Each stream keeps its state: a bot that does not load has not touched it.
                return outcomes + [replace(loaded, state=each.state, description=None) for each in rest]
            if until is None:  # the first start of a worker has a limit of its own
                until = time.monotonic() + self.limits.ask_seconds
            outcomes += worker.ask(rest, until)
            if not worker.alive:
                self._drop(package)
                if time.monotonic() >= until:
                    break
        last = outcomes[-1]
        return outcomes + [replace(last, action=None, state=each.state, log="") for each in requests[len(outcomes) :]]

    def _loaded_worker(self, package: BotPackage) -> tuple[Worker | None, Outcome]:
        """A worker that has loaded the bot, and what came of loading; no worker when that failed."""
        kept = self._workers.get(package.content_hash)
        if next(reversed(self._workers), None) != package.content_hash:
            self._free_memory(keep=package.content_hash)
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

    def _free_memory(self, keep: str) -> None:
        """When another worker gets its turn: end the least recently used ones above the limit of all together.

        The others are stopped, so what they have does not change; the one at work is held by its own limit.
        """
        used = {version: worker.process.private_bytes() for version, (worker, _) in self._workers.items()}
        for version in list(used):
            if sum(used.values()) <= self.limits.total_memory_bytes:
                return
            if version != keep:
                self._workers.pop(version)[0].end()
                del used[version]

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
