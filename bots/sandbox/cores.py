"""Keep a short call on one processor core. Runs in the host.

Host and worker take turns, so a second core gains nothing, and waking a process on an idle one costs more than the
whole call (most of all in a virtual machine, where the idle core has to be given back first). A call that takes longer
than `SHORT_SECONDS` gets all cores: the kernel then knows better than we do where there is room.
"""

from __future__ import annotations

import contextlib
import ctypes
import os

SHORT_SECONDS = 0.002

_libc = ctypes.CDLL(None)


class SharedCore:
    """The core that this thread and one worker share during a call."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.all = os.sched_getaffinity(0)
        self.allowed: set[int] = set()  # to this thread, before and after a call; empty while nothing is shared
        self.workers_core = -1  # where the worker is held, -1 for anywhere

    def share(self) -> None:
        core = _libc.sched_getcpu()
        if len(self.all) < 2 or core < 0:
            return
        # A worker of another user may not be moved by everyone, and it may just have died: then all stays as it is.
        with contextlib.suppress(OSError):
            if core != self.workers_core:
                os.sched_setaffinity(self.pid, {core})
                self.workers_core = core
            os.sched_setaffinity(0, {core})
            self.allowed = self.all

    def free(self) -> None:
        """The call takes long: let both go where there is room."""
        allowed = self.allowed
        self.leave()
        if allowed:
            with contextlib.suppress(OSError):
                os.sched_setaffinity(self.pid, allowed)
            self.workers_core = -1

    def leave(self) -> None:
        """The call is over. The worker stays where it is: it is stopped, and the next call moves it."""
        if self.allowed:
            with contextlib.suppress(OSError):  # the cores of a container can be taken away meanwhile
                os.sched_setaffinity(0, self.allowed)
            self.allowed = set()
