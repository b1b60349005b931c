"""Where the venue's records outlive it: one SQLite table of JSON documents.

Everything that one request changed is written in one transaction before its reply leaves, so what a client
was told survives `kill -9` and what it was not told never happened. Flushing to the disk is left to the
operating system: a power cut may cost the last seconds, which is no loss for play money.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


class StoreBusy(Exception):
    """Another process has the store open."""


class Store:
    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # it holds the keys' secrets
        self._db = sqlite3.connect(path, isolation_level=None, timeout=0.5)
        try:
            self._prepare()
        except sqlite3.OperationalError as error:
            self._db.close()
            raise StoreBusy from error

    def _prepare(self) -> None:
        self._db.execute("PRAGMA locking_mode=EXCLUSIVE")  # two simulators on one store would lose orders
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS record"
            " (kind TEXT, id TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID"
        )

    def put(self, records: Iterable[tuple[str, str, Any]]) -> None:
        """Write (kind, id, JSON value) all together or not at all."""
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT OR REPLACE INTO record VALUES (?, ?, ?)",
            [(kind, key, json.dumps(body, separators=(",", ":"))) for kind, key, body in records],
        )
        self._db.execute("COMMIT")

    def get(self, kind: str, key: str) -> Any | None:
        row = self._db.execute("SELECT body FROM record WHERE kind = ? AND id = ?", (kind, key)).fetchone()
        return json.loads(row[0]) if row else None

    def all(self, kind: str) -> Iterator[Any]:
        """In the order of their ids, which are zero-padded where they count."""
        for (body,) in self._db.execute("SELECT body FROM record WHERE kind = ? ORDER BY id", (kind,)):
            yield json.loads(body)

    def close(self) -> None:
        self._db.close()
