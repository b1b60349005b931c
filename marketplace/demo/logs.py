"""The programs' output files: one per program, the previous start's kept beside it, none without a limit."""

import shutil
from pathlib import Path
from typing import IO

MAX_BYTES = 20 * 1024 * 1024


def set_aside(path: Path) -> None:
    """Begin a new file; the last one stays as NAME.log.1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        path.replace(path.with_name(path.name + ".1"))


def open_for_child(path: Path) -> IO[bytes]:
    """Append mode: after `cap` has truncated the file, a running child writes on at its new end."""
    return path.open("ab")


def cap(path: Path, *, max_bytes: int = MAX_BYTES) -> None:
    """Copy an overgrown file to NAME.log.1 and empty it, while its program goes on writing."""
    if path.exists() and path.stat().st_size > max_bytes:
        shutil.copyfile(path, path.with_name(path.name + ".1"))
        with path.open("r+b") as file:
            file.truncate()


def last_lines(path: Path, count: int = 10) -> str:
    """The end of the file, indented for the terminal."""
    if not path.exists():
        return "    (it wrote nothing)"
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 16 * 1024))
        lines = file.read().decode(errors="replace").splitlines()[-count:]
    return "\n".join(f"    {line}" for line in lines) or "    (it wrote nothing)"
