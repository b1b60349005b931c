"""What the programs aim at: files, listeners and a process that the tests own, and nothing else.

`Arena.target` goes into each package as target.py. `Arena.traces()` says what an attack did to any of it.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import secrets
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]

# Answers a line with what it has noticed. Its buffer and its limits are what other processes may go for.
VICTIM = """
import ctypes, json, resource, signal, sys
seen = []
for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM, signal.SIGURG):
    signal.signal(number, lambda number, frame: seen.append(number))
buffer = ctypes.create_string_buffer(sys.argv[1].encode())
print(ctypes.addressof(buffer), flush=True)
while sys.stdin.readline():
    print(json.dumps([buffer.value.decode(), seen, resource.getrlimit(resource.RLIMIT_NOFILE)]), flush=True)
"""


class Arena:
    """Use as a context. Everybody may read and write `open_folder`, so that permissions alone protect nothing."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="arena-"))
        self.folder.chmod(0o755)
        self.open_folder = self.folder / "open"
        self.token = f"secret-{secrets.token_hex(16)}"
        self._memory = ctypes.create_string_buffer(self.token.encode())
        self.listeners = Listeners(self.folder)
        self.victim = Victim(self.token)
        self._write_files()
        self._before = self._snapshot()

    def _write_files(self) -> None:
        self.open_folder.mkdir()
        self.open_folder.chmod(0o777)
        for name in ("writable", "removable"):
            path = self.open_folder / name
            path.write_text("untouched")
            path.chmod(0o666)
        (self.open_folder / "planted.py").write_text(
            f"open({str(self.open_folder / 'imported')!r}, 'w').close()\nSECRET = {self.token!r}\n"
        )
        (self.folder / "readable").write_text(self.token)
        (self.folder / "readable.csv").write_text(f"secret\n{self.token}\n")
        (self.folder / "private").write_text(self.token)
        (self.folder / "private").chmod(0o600)
        (self.folder / "link").unlink(missing_ok=True)
        (self.folder / "link").symlink_to("/somewhere/secret")
        other = self.folder / "other-bot"
        other.mkdir()
        (other / "weights.json").write_text(json.dumps({"secret": self.token}))

    @property
    def target(self) -> dict[str, Any]:
        return {
            **self.listeners.addresses,
            "open_folder": str(self.open_folder),
            "marker": str(self.open_folder / "marker"),
            "writable": str(self.open_folder / "writable"),
            "removable": str(self.open_folder / "removable"),
            "folder": str(self.folder),
            "readable": str(self.folder / "readable"),
            "link": str(self.folder / "link"),
            "csv": str(self.folder / "readable.csv"),
            "private": str(self.folder / "private"),
            "other_bot": str(self.folder / "other-bot"),
            "project": str(ROOT),
            "host": os.getpid(),
            "host_address": ctypes.addressof(self._memory),
            "victim": self.victim.pid,
            "victim_address": self.victim.address,
            "neighbour": self.victim.pid,
            # Whoever holds the first half has not found anything yet.
            "half_token": self.token[:12],
            "token_hash": hashlib.sha256(self.token.encode()).hexdigest(),
        }

    def traces(self) -> list[str]:
        """What has happened since the last time, in words. Everything is put back as it was."""
        found = [f"somebody reached the {name} listener" for name in self.listeners.take_visits()]
        found += self.victim.complaints()
        after = self._snapshot()
        if after != self._before:
            changed = {name for name, _ in set(after.items()) ^ set(self._before.items())}
            found.append(f"changed: {', '.join(sorted(changed))}")
            shutil.rmtree(self.open_folder)
            for path in self.folder.iterdir():
                if path.is_file():
                    path.unlink()
            shutil.rmtree(self.folder / "other-bot")
            self._write_files()
            self._before = self._snapshot()
        if found and not self.victim.is_well():
            self.victim.close()
            self.victim = Victim(self.token)
        return found

    def _snapshot(self) -> dict[str, tuple[object, ...]]:
        return dict(self._look())

    def _look(self) -> Iterator[tuple[str, tuple[object, ...]]]:
        for folder in (self.open_folder, self.folder / "other-bot"):
            for path in (folder, *folder.iterdir()):
                status = path.lstat()
                content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
                times = (status.st_mtime_ns,) if path != folder else ()
                yield (
                    path.name,
                    (content, status.st_mode, status.st_uid, status.st_nlink, *os.listxattr(path), *times),
                )

    def __enter__(self) -> Arena:
        return self

    def __exit__(self, *_: object) -> None:
        self.victim.close()
        self.listeners.close()
        shutil.rmtree(self.folder)


class Victim:
    """Another process of the same user."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", VICTIM, token],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )
        assert self._process.stdout
        self.address = int(self._process.stdout.readline())
        self._well = self._ask()

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_well(self) -> bool:
        return self._ask() == self._well

    def complaints(self) -> list[str]:
        return [] if self.is_well() else [f"the victim was at first {self._well} and is now {self._ask()}"]

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _ask(self) -> str:
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return "dead"
        return self._process.stdout.readline().strip() or "dead"


class Listeners:
    """One of every kind of socket, on this machine's loopback interface only. They note who comes."""

    def __init__(self, folder: Path) -> None:
        self._visits: list[str] = []
        self._selector = selectors.DefaultSelector()
        self._read_orders, self._orders = os.pipe()
        self._up_to_date = threading.Event()
        abstract = f"\0{folder.name}"
        self.addresses: dict[str, Any] = {
            "port": self._listen("TCP", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))[1],
            "udp_port": self._listen("UDP", socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0))[1],
            "unix_path": str(folder / "stream.sock"),
            "datagram_path": str(folder / "datagram.sock"),
            "abstract": abstract,
        }
        for kind, path in ((socket.SOCK_STREAM, "unix_path"), (socket.SOCK_DGRAM, "datagram_path")):
            self._listen("Unix", socket.AF_UNIX, kind, self.addresses[path])
            os.chmod(self.addresses[path], 0o777)
        self._listen("abstract", socket.AF_UNIX, socket.SOCK_STREAM, abstract)
        self.addresses["port6"] = 0
        with contextlib.suppress(OSError):  # a machine may be without it
            self.addresses["port6"] = self._listen("IPv6", socket.AF_INET6, socket.SOCK_STREAM, ("::1", 0))[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _listen(self, name: str, family: int, kind: int, address: Any) -> Any:
        listener = socket.socket(family, kind)
        listener.bind(address)
        if kind == socket.SOCK_STREAM:
            listener.listen(50)
        self._selector.register(listener, selectors.EVENT_READ, name)
        return listener.getsockname()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as orders:
            orders.register(self._selector.fileno(), selectors.EVENT_READ)
            orders.register(self._read_orders, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in orders.select()}
                while arrived := self._selector.select(0):
                    for key, _ in arrived:
                        self._receive(key)
                if self._read_orders in ready:
                    if os.read(self._read_orders, 1) == b"s":
                        return
                    self._up_to_date.set()

    def _receive(self, key: selectors.SelectorKey) -> None:
        self._visits.append(key.data)
        listener = key.fileobj
        assert isinstance(listener, socket.socket)
        if listener.type == socket.SOCK_DGRAM:
            listener.recvfrom(4096)
            return
        visitor, _address = listener.accept()
        with visitor, contextlib.suppress(OSError):
            visitor.sendall(b"HTTP/1.0 200 OK\r\n\r\nwelcome")

    def take_visits(self) -> list[str]:
        """Of all who had come when this was called."""
        self._up_to_date.clear()
        os.write(self._orders, b"l")  # look
        assert self._up_to_date.wait(10)
        visits = list(self._visits)
        del self._visits[: len(visits)]
        return visits

    def close(self) -> None:
        os.write(self._orders, b"s")  # stop
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()
        os.close(self._read_orders)
        os.close(self._orders)
