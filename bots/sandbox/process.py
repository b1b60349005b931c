"""A worker as an operating system process: have it started, signal it, end it. Runs in the host."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import stat
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bots.sandbox import launcher
from bots.sandbox.launcher import ZygoteLost
from bots.sandbox.tiers import Plan
from bots.sandbox.types import BotPackage, PackageMismatch
from bots.sandbox.zygote import MAX_DESCRIPTORS

PIPE_BYTES = 1024 * 1024  # room for a message about many streams
PAGE_BYTES = 4096 if not hasattr(os, "sysconf") else os.sysconf("SC_PAGE_SIZE")
COPIED_BYTES = 8 * 1024 * 1024  # pages of the zygote that a worker writes to, and then has of its own: 6 to 10 MB
EXIT_SECONDS = 1.0
REAP_SECONDS = 10.0


class Process:
    """A running worker with three pipes: `requests` to write, `replies` and `prints` to read.

    The host's ends never block.
    """

    def __init__(self, package: BotPackage, plan: Plan) -> None:
        """Raises OSError, SandboxUnavailable, or PackageMismatch when a file of the bot cannot be opened."""
        request_read, self.requests = os.pipe()
        self.replies, reply_write = os.pipe()
        self.prints, print_write = os.pipe()
        self.pidfd = -1
        theirs = [request_read, reply_write, print_write]
        for descriptor in (self.requests, self.replies, self.prints):
            os.set_blocking(descriptor, False)
        _enlarge(self.requests)
        try:
            with _opened(package) as files:
                self._zygote, self._number, self.pidfd = launcher.spawn(plan, [*theirs, *files])
            self.pid = _pid_of(self.pidfd)
            self._shared_bytes = self._anonymous_bytes()
        except BaseException:
            self.close()
            raise
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        # After `kill`: as subprocess tells it, minus the signal's number when a signal ended the process.
        self.exit_code = -signal.SIGKILL

    def signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, number)

    def cpu_seconds(self) -> float:
        """What the process has used so far."""
        # The kernel's number of another process's CPU clock, as clock_getcpuclockid() makes it.
        try:
            return time.clock_gettime(~self.pid << 3 | 2)
        except OSError:
            return 0.0

    def private_bytes(self) -> int:
        """About what the process has beyond what it shares with the zygote."""
        return max(self._anonymous_bytes() - self._shared_bytes, 0) + COPIED_BYTES

    def _anonymous_bytes(self) -> int:
        try:
            _, resident, shared, *_ = Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()
        except OSError:
            return 0
        return (int(resident) - int(shared)) * PAGE_BYTES

    def ends_by_itself(self) -> bool:
        """Whether the process, whose pipe was closed, is gone or goes in a moment."""
        return self._wait(EXIT_SECONDS)

    def kill(self) -> float:
        """End and reap the process; the CPU seconds it used."""
        self.signal(signal.SIGKILL)
        self._wait(REAP_SECONDS)
        try:
            self.exit_code, used = self._zygote.reap(self._number)
        except ZygoteLost:
            return 0.0  # it took the worker with it
        return used

    def close(self) -> None:
        """Close the host's ends of the pipes."""
        for descriptor in (self.requests, self.replies, self.prints, self.pidfd):
            if descriptor >= 0:
                os.close(descriptor)
        self.requests = self.replies = self.prints = self.pidfd = -1

    def _wait(self, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self.pidfd, select.POLLIN)
        return bool(poll.poll(seconds * 1000))


@contextlib.contextmanager
def _opened(package: BotPackage) -> Iterator[Sequence[int]]:
    """The bot's files, open for reading, in the order of the manifest: the worker needs no path and no permission."""
    descriptors: list[int] = []
    if len(package.manifest) > MAX_DESCRIPTORS - 3:
        raise PackageMismatch(f"a bot may have {MAX_DESCRIPTORS - 3} files, this one has {len(package.manifest)}")
    try:
        for file in package.manifest:
            descriptors.append(_open(package.folder, file.name))
        yield descriptors
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _open(folder: Path, name: str) -> int:
    try:
        # Not through a link, and without waiting for the other end of a fifo.
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise PackageMismatch(f"{name} cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise PackageMismatch(f"{name} cannot be read: not a file")
    return descriptor


def _enlarge(pipe: int) -> None:
    import fcntl

    with contextlib.suppress(OSError):  # a user may have only so much of it; it works with less
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _pid_of(pidfd: int) -> int:
    """The process's number as this process sees it: in a namespace of its own it has another one for itself."""
    for line in Path(f"/proc/self/fdinfo/{pidfd}").read_text(encoding="ascii").splitlines():
        if line.startswith("Pid:"):
            return int(line.split()[1])
    raise ProcessLookupError("the worker has no number here")
