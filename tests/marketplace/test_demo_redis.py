"""The embedded Redis: the real server program, on a socket, with a memory that survives a stop and a kill."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from kombu import Connection

from marketplace.demo import redis_server
from marketplace.settings.base import broker_from_redis_url


@contextmanager
def server(data_dir: Path, *, stop_by: int = signal.SIGTERM) -> Iterator[Path]:
    """A running server; gives its socket."""
    with redis_server.socket_place(data_dir) as socket, (data_dir / "log").open("ab") as log:
        process = subprocess.Popen(redis_server.server_command(data_dir, socket), stdout=log)
        try:
            deadline = time.monotonic() + 15
            while not redis_server.answers(socket):
                assert time.monotonic() < deadline, (data_dir / "log").read_text()
                time.sleep(0.02)
            yield socket
        finally:
            process.send_signal(stop_by)
            process.wait(15)


@contextmanager
def client(url: str) -> Iterator["redis.Redis"]:
    made = redis.Redis.from_url(url, decode_responses=True)
    yield made
    made.close()


@pytest.mark.parametrize("stop_by", [signal.SIGTERM, signal.SIGKILL])
def test_what_was_stored_is_there_after_the_next_start(tmp_path, stop_by):
    with server(tmp_path, stop_by=stop_by) as socket, client(redis_server.url(socket)) as first:
        first.rpush("queue", "a task")
    with server(tmp_path) as socket, client(redis_server.url(socket)) as second:
        assert second.lrange("queue", 0, -1) == ["a task"]


def test_a_folder_too_deep_for_a_socket_gets_a_private_short_one(tmp_path):
    deep = tmp_path.joinpath(*["a folder with a long name"] * 5)
    deep.mkdir(parents=True)
    with server(deep) as socket:
        assert len(bytes(socket)) <= redis_server.MAX_SOCKET_PATH_BYTES
        assert socket.parent.stat().st_mode & 0o077 == 0
        short_folder = socket.parent
    assert (deep / "redis" / "appendonly.aof").exists()
    assert not short_folder.exists()


def test_nobody_but_the_owner_can_reach_it(tmp_path):
    with server(tmp_path) as socket:
        assert socket.parent.stat().st_mode & 0o077 == 0
        with client(redis_server.url(socket)) as owner:
            assert owner.config_get("port") == {"port": "0"}


@pytest.mark.parametrize("database", [0, 3])
def test_celery_finds_the_same_socket_and_database(tmp_path, database):
    odd = tmp_path / "my %20 data?"
    odd.mkdir()
    with server(odd) as socket:
        url = redis_server.url(socket).replace("db=0", f"db={database}")
        with Connection(broker_from_redis_url(url)) as broker:
            queue = broker.SimpleQueue("trading")
            queue.put("a task")
            queue.close()
        with client(url) as other:
            assert other.llen("trading") == 1


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("", "memory://"),
        ("redis://host:6379/1", "redis://host:6379/1"),
        ("unix:///run/redis.sock?db=2", "redis+socket:///run/redis.sock?virtual_host=2"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock"),
    ],
)
def test_a_redis_address_in_celerys_spelling(url, broker):
    assert broker_from_redis_url(url) == broker
