"""Where a demo runs: its port, its folder, and the environment that its programs get."""

import fcntl
import os
import random
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from exchanges.simulator.faces import ENDPOINTS
from marketplace.demo.errors import DemoError

ROOT = Path(__file__).resolve().parents[2]
SIMULATOR_PORTS = range(20000, 30000)  # below what Linux hands out for outgoing connections


@dataclass(frozen=True)
class Place:
    port: int
    data_dir: Path

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log_dir(self) -> Path:
        return self.data_dir / "logs"


def read_place(environ: Mapping[str, str]) -> Place:
    """PORT and DATA_DIR, or a sentence about what is wrong with them."""
    refuse_production(environ)
    text = environ.get("PORT") or "8000"
    if not (text.isdecimal() and 0 < int(text) < 65536):
        raise DemoError(f"PORT has to be a number from 1 to 65535, not {text!r}.", exit_status=2)
    return Place(port=int(text), data_dir=Path(environ.get("DATA_DIR") or ROOT / ".data").resolve())


def refuse_production(environ: Mapping[str, str]) -> None:
    """The demo has known passwords; on production settings or keys they would open a real site."""
    if environ.get("DJANGO_SETTINGS_MODULE", "").endswith("production"):
        found = "DJANGO_SETTINGS_MODULE names the production settings"
    elif environ.get("SECRET_KEY") or environ.get("FIELD_ENCRYPTION_KEY"):
        found = "SECRET_KEY or FIELD_ENCRYPTION_KEY is set"
    else:
        return
    raise DemoError(
        f"The demo does not run with production settings, and {found}: unset it, "
        "or start the real thing with ./run web, ./run worker and ./run beat.",
        exit_status=2,
    )


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As gunicorn does: connections of an earlier start that are still closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def refuse_taken_port(port: int) -> None:
    if not is_free(port):
        raise DemoError(f"Port {port} is not free; choose another with the PORT variable: PORT={port + 1} ./run demo")


@contextmanager
def only_demo_in(data_dir: Path, *, patience_seconds: float = 2.0) -> Iterator[None]:
    """Hold the folder's lock; the kernel frees it with the process, however that ends.

    The patience is for a start right after a kill: the watchdog holds the lock until it has cleared up.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + patience_seconds
    with (data_dir / "demo.lock").open("a") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise DemoError(
                        f"A demo is already running on {data_dir}; stop it, or choose another DATA_DIR."
                    ) from None
                time.sleep(0.05)
        yield


def simulator_port(data_dir: Path) -> int:
    """The first of the simulator's ports, one per endpoint: that of the last start, because data may name it."""
    file = data_dir / "simulator.port"
    if file.exists():
        port = int(file.read_text())
        if _are_free(port):
            return port
    port = next(port for port in random.sample(SIMULATOR_PORTS, 1000) if _are_free(port))
    file.write_text(str(port))
    return port


def _are_free(first: int) -> bool:
    return all(is_free(first + index) for index in range(len(ENDPOINTS)))


def child_environment(place: Place, *, simulator_url: str, redis_url: str | None) -> dict[str, str]:
    """What the demo's programs see. `redis_url` is None where the person named a broker of their own."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "marketplace.settings.demo",
        "DATA_DIR": str(place.data_dir),
        "WEB_HOST": "127.0.0.1",
        "PORT": str(place.port),
        "SIMULATOR_URL": simulator_url,
        "PYTHONUNBUFFERED": "1",
    }
    if redis_url is not None:
        environment["REDIS_URL"] = redis_url
    return environment
