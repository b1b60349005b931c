"""Real parts for measurements and for the test of the whole way: a Redis and a Celery worker, as processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from marketplace import celery_app
from marketplace.demo import redis_server

ROOT = Path(__file__).resolve().parent.parent
WAIT_SECONDS = 30.0


class WaitedInVain(AssertionError):
    pass


def wait_for(condition: Callable[[], Any], what: str, log: Path | None = None) -> Any:
    """The condition's first true value; otherwise an error with what was waited for and the end of the log."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise WaitedInVain(f"waited {WAIT_SECONDS:.0f} s for {what}\n{log.read_text()[-5000:] if log else ''}")


@contextmanager
def running(command: list[str], log: Path, **options: Any) -> Iterator[None]:
    """A process that is stopped at the end, its output in `log`."""
    with log.open("wb") as output:
        child = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, **options)
        try:
            yield
        finally:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


@contextmanager
def running_redis(folder: Path) -> Iterator[str]:
    """The URL of an empty Redis of our own; meanwhile this process's Celery application sends to it."""
    with (
        redis_server.socket_place(folder) as socket,
        running(redis_server.server_command(folder, socket), folder / "redis.log"),
    ):
        wait_for(lambda: redis_server.answers(socket), "Redis", folder / "redis.log")
        url = redis_server.url(socket)
        with sending_to(url.replace("unix://", "redis+socket://")):
            yield url


@contextmanager
def sending_to(broker_url: str) -> Iterator[None]:
    """This process's Celery application sends its tasks there."""
    before = celery_app.conf.broker_url
    _send_to(broker_url)
    try:
        yield
    finally:
        _send_to(before)


def _send_to(broker_url: str) -> None:
    celery_app.conf.broker_url = broker_url
    celery_app.amqp._producer_pool = None
    if celery_app._pool is not None:
        celery_app._pool.force_close_all()
        celery_app._pool = None


@contextmanager
def running_worker(environment: Mapping[str, str], log: Path) -> Iterator[None]:
    """A Celery worker as in production, once it answers."""
    command = [sys.executable, "-m", "marketplace.programs", "worker"]
    with running(command, log, env={**os.environ, **environment}, cwd=ROOT):
        wait_for(lambda: celery_app.control.ping(timeout=0.5), "the worker", log)
        yield
