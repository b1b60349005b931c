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

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # <linux/prctl.h>
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


def adopt_orphans() -> None:
    """From now on a descendant whose parent has died becomes our child, so that we can see and reap it."""
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1)


def kill_group(leader: "subprocess.Popen[bytes]", *, wait_seconds: float = 1.0) -> None:
    """SIGKILL whatever is left of the child's group, and wait until it is gone."""
    deadline = time.monotonic() + wait_seconds
    group = leader.pid
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass  # nobody there; PermissionError: the number already belongs to someone else
    leader.wait()
    while _is_left(group) and time.monotonic() < deadline:
        time.sleep(0.01)


def _is_left(group: int) -> bool:
    """Whether the group has a process yet; those that ended as our adopted children are reaped on the way."""
    try:
        while os.waitpid(-group, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def kill_strays(*, but: int) -> None:
    """SIGKILL our remaining children but one: orphans that had left the group they were born into."""
    for _ in range(100):  # each may leave orphans in turn
        strays = [pid for pid in _children() if pid != but]
        if not strays:
            return
        for pid in strays:
            try:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass


def _children() -> list[int]:
    """Our own, zombies too: the fourth field of /proc/PID/stat is the parent; a name with spaces stands before it."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = path.read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue  # it has ended meanwhile
        if int(parent) == os.getpid():
            found.append(int(path.parent.name))
    return found


class Watchdog:
    """A small process that outlives its parent's sudden death, to kill the groups it was told of."""

    def __init__(self) -> None:
        read_end, self._write_end = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(self._write_end)
                _watch(read_end)
            finally:
                os._exit(0)
        os.close(read_end)

    def watch(self, group: int) -> None:
        self._tell(f"+{group}\n")

    def forget(self, group: int) -> None:
        self._tell(f"-{group}\n")

    def _tell(self, change: str) -> None:
        try:
            os.write(self._write_end, change.encode())
        except BrokenPipeError:
            pass  # somebody killed it; everything but the rest of a group is still looked after

    def close(self) -> None:
        os.close(self._write_end)
        os.waitpid(self.pid, 0)


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
