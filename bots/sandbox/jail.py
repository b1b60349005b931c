"""What a worker gives up before it loads a bot. Runs in the worker; this is the one place for the lock-down.

Order matters: `die_with_host` is the worker's very first act, `lock_down` its last one before a byte of
the bot's code runs. Everything the worker needs from outside (libraries, the bot's files) has been read
by then.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NO_NEW_PRIVS = 38

OPEN_FILES = 64


def die_with_host(host_pid: int) -> None:
    """Be killed when the host ends, however it ends, even while stopped."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != host_pid:  # it ended before the line above took effect
        os._exit(1)


def lock_down(*, memory_bytes: int, cpu_seconds: int) -> None:
    """Set the limits of this process and give up what can be given up without a helper. Raises OSError."""
    # In debuggers' terms: nobody reads this process, and no core of it is written.
    _prctl(PR_SET_DUMPABLE, 0)
    _prctl(PR_SET_NO_NEW_PRIVS, 1)

    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu = int(usage.ru_utime + usage.ru_stime) + cpu_seconds
    # The first ends the process by SIGXCPU, which can be told from other ends; a bot that ignores it gets
    # SIGKILL.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    # Address space, because RLIMIT_DATA does not see shared anonymous memory.
    _limit(resource.RLIMIT_AS, _mapped_bytes() + memory_bytes)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_MEMLOCK, 0)
    _limit(resource.RLIMIT_MSGQUEUE, 0)
    # No process and no thread besides those that run: the count is per user, so it is always above zero
    # already. The kernel exempts root, for whom this changes nothing.
    _limit(resource.RLIMIT_NPROC, 0)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)


def _limit(kind: int, value: int) -> None:
    resource.setrlimit(kind, (value, value))


def _mapped_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}, {value}): {os.strerror(number)}")
