"""Starting a process so that it cannot be left behind, whatever happens to the one that started it.

Every child leads a process group of its own. Two things then hold even when the parent is killed by SIGKILL:
the kernel kills the child itself (PR_SET_PDEATHSIG), and the watchdog kills the rest of its group, such as
Celery's pool processes, which the kernel's signal does not reach.
"""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_libc = ctypes.CDLL(None, use_errno=True)


def start_child(
    command: list[str], *, output: IO[bytes], environment: Mapping[str, str], folder: Path
) -> "subprocess.Popen[bytes]":
    """Start the command as the leader of a new session and group, its output going to the open file."""
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # the terminal's Ctrl-C must reach the supervisor alone
        preexec_fn=_die_with(os.getpid()),  # safe: the supervisor has no threads
    )


def _die_with(parent: int) -> Callable[[], None]:
    """What the child does between fork and exec: ask for SIGKILL at its parent's death."""

    def in_the_child() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return in_the_child


def kill_group(leader: "subprocess.Popen[bytes]", *, wait_seconds: float = 1.0) -> None:
    """SIGKILL whatever is left of the child's group, and wait until it is gone."""
    deadline = time.monotonic() + wait_seconds
    try:
        os.killpg(leader.pid, signal.SIGKILL)
        leader.wait()
        while time.monotonic() < deadline:
            os.killpg(leader.pid, 0)
            time.sleep(0.01)
    except (ProcessLookupError, PermissionError):
        leader.wait()  # nobody there; PermissionError: the number already belongs to someone else


class Watchdog:
    """A small process that outlives its parent's sudden death, to kill the groups it was told of."""

    def __init__(self) -> None:
        read_end, self._write_end = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                os.close(self._write_end)
                _watch(read_end)
            finally:
                os._exit(0)
        os.close(read_end)

    def watch(self, group: int) -> None:
        os.write(self._write_end, f"+{group}\n".encode())

    def forget(self, group: int) -> None:
        os.write(self._write_end, f"-{group}\n".encode())

    def close(self) -> None:
        os.close(self._write_end)
        os.waitpid(self._pid, 0)


def _watch(read_end: int) -> None:
    """Keep the list of groups until the pipe ends, which the kernel sees to when the parent dies."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # whoever reads the demo's output must see it end
        os.dup2(nowhere, descriptor)
    groups: set[int] = set()
    with os.fdopen(read_end) as pipe:
        for line in pipe:
            change = groups.add if line[0] == "+" else groups.discard
            change(int(line[1:]))
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
