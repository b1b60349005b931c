"""A worker as an operating system process: start it clean, signal it, end it. Runs in the host."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path

CODE_FOLDER = Path(__file__).resolve().parent.parent.parent
WORKER_SCRIPT = Path(__file__).with_name("worker.py")
# All that a worker finds in its environment. One thread each: the cores belong to the workers as a whole.
ENVIRONMENT = {
    "HOME": "/nonexistent",
    "PATH": "/nonexistent",
    "TZ": "UTC",
    "OMP_NUM_THREADS": "1",
    "OMP_THREAD_LIMIT": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "LOKY_MAX_CPU_COUNT": "1",
    "MALLOC_ARENA_MAX": "2",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}
PIPE_BYTES = 1024 * 1024  # room for a message about many streams
EXIT_SECONDS = 1.0
REAP_SECONDS = 10.0

Popen = subprocess.Popen[bytes]
# Calls the function it is given, perhaps in another thread; see host.py.
Starter = Callable[[Callable[[], Popen]], Popen]


class Process:
    """A running `worker.py` with three pipes: `requests` to write, `replies` and `prints` to read.

    The host's ends never block.
    """

    def __init__(self, *, empty_folder: str, start: Starter) -> None:
        """Raises OSError."""
        request_read, self.requests = os.pipe()
        self.replies, reply_write = os.pipe()
        self.prints, print_write = os.pipe()
        self.pidfd = -1
        for descriptor in (self.requests, self.replies, self.prints):
            os.set_blocking(descriptor, False)
        with contextlib.suppress(OSError):  # a user may have only so much of it; it works with less
            fcntl.fcntl(self.requests, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

        def popen() -> Popen:
            return subprocess.Popen(
                worker_command(request_read, reply_write),
                stdin=subprocess.DEVNULL,
                stdout=print_write,
                stderr=print_write,
                pass_fds=(request_read, reply_write),
                close_fds=True,
                cwd=empty_folder,
                env=ENVIRONMENT,
                start_new_session=True,
            )

        try:
            self._process = start(popen)
            self.pidfd = os.pidfd_open(self._process.pid)
        except BaseException:
            self.close()
            raise
        finally:
            for descriptor in (request_read, reply_write, print_write):
                os.close(descriptor)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int:
        """After `kill`: as subprocess tells it, minus the signal's number when a signal ended the process."""
        return self._process.returncode

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

    def ends_by_itself(self) -> bool:
        """Whether the process, whose pipe was closed, is gone or goes in a moment."""
        return self._wait(EXIT_SECONDS)

    def kill(self) -> float:
        """End and reap the process; the CPU seconds it used."""
        self.signal(signal.SIGKILL)
        self._wait(REAP_SECONDS)
        try:
            _, status, usage = os.wait4(self.pid, os.WNOHANG)
        except ChildProcessError:
            # Reaped by somebody else: SIGCHLD is ignored, or a library waits for all children.
            self._process.returncode = -signal.SIGKILL
            return 0.0
        self._process.returncode = os.waitstatus_to_exitcode(status)
        return usage.ru_utime + usage.ru_stime

    def close(self) -> None:
        """Close the host's ends of the pipes."""
        for descriptor in (self.requests, self.replies, self.prints, self.pidfd):
            if descriptor >= 0:
                os.close(descriptor)
        self.requests = self.replies = self.prints = self.pidfd = -1

    def abandon(self) -> None:
        """After a fork the process is the parent's: let go of it without touching it."""
        self._process.returncode = 0  # or its destructor would warn of a child that is not ours
        self.close()

    def _wait(self, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self.pidfd, select.POLLIN)
        return bool(poll.poll(seconds * 1000))


def worker_command(request_read: int, reply_write: int) -> list[str]:
    """A Python without user settings, `site`, current folder or byte code to write; see worker.py."""
    paths = sysconfig.get_paths()
    libraries = dict.fromkeys((paths["purelib"], paths["platlib"]))
    options = ["-I", "-S", "-B", "-X", "utf8"]
    numbers = [str(request_read), str(reply_write), str(os.getpid())]
    return [sys.executable, *options, str(WORKER_SCRIPT), *numbers, str(CODE_FOLDER), *libraries]
