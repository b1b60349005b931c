"""The process that workers are forked from: clean, one thread, all libraries imported and warm.

Started by launcher.py as a script with an empty environment (`python -I -S -B`), never forked from the host, so that
nothing of the host is in its memory. It knows no bot: what belongs to one reaches the forked child alone.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
from dataclasses import dataclass
from typing import Any, NoReturn

MESSAGE_BYTES = 65536
MAX_DESCRIPTORS = 250  # SCM_MAX_FD in linux/net/scm.h, a little below
FIRST_FREE_DESCRIPTOR = 5  # below: the standard streams, requests, replies


@dataclass(frozen=True, slots=True)
class Settings:
    """What launcher.py passes as JSON in the one argument."""

    control: int  # our end of the socket to the host
    host: int  # a pidfd of the host
    code_folder: str
    library_folders: list[str]
    readable: list[str]
    open_closed_folders: bool
    first_uid: int | None
    uids: int


class Zygote:
    """Forks a worker when the host asks for one, and says how it ended."""

    def __init__(self, settings: Settings) -> None:
        from bots.sandbox import lockdown, view

        if settings.open_closed_folders:
            view.open_closed_folders(settings.readable)
        self.settings = settings
        self.control = socket.socket(fileno=settings.control)
        [self.ruleset] = _moved_up([lockdown.landlock_ruleset(settings.readable)])
        self.uids: dict[int, int] = {}  # of the workers that have not been reaped, by process id
        self.pid = os.getpid()

    def run(self) -> NoReturn:
        _become_quiet()
        self._answer({"ready": True})
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        poll.register(self.settings.host, select.POLLIN)
        while True:
            ready = [descriptor for descriptor, _event in poll.poll()]
            if self.settings.host in ready:
                self._end()
            message, descriptors, _flags, _address = socket.recv_fds(
                self.control, MESSAGE_BYTES, MAX_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
            )
            if not message:
                self._end()
            request = json.loads(message)
            if request["do"] == "spawn":
                self._spawn(request, descriptors)
            else:
                self._reap(request["worker"])

    def _end(self) -> NoReturn:
        """The host has ended or closed its end. The workers would die with this process, but only a moment later."""
        with contextlib.suppress(OSError):  # in a namespace of its own it may not, and its end takes all with it
            for pid in self.uids:
                os.kill(pid, signal.SIGKILL)
            for pid in self.uids:
                os.waitpid(pid, 0)
        os._exit(0)

    def _spawn(self, request: dict[str, Any], descriptors: list[int]) -> None:
        try:
            uid = self._free_uid() if request["own_uid"] else None
            _check_one_thread()
            pid = os.fork()
        except (OSError, RuntimeError) as error:
            self._answer({"error": str(error)})
            pid = -1
        if pid == 0:
            self._become_worker(request, uid, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        if pid < 0:
            return
        self.uids[pid] = -1 if uid is None else uid
        pidfd = os.pidfd_open(pid)
        self._answer({"worker": pid, "uid": uid}, pidfd)
        os.close(pidfd)

    def _free_uid(self) -> int:
        """One that no worker has: a number is free again when its worker has been reaped, not before."""
        first = self.settings.first_uid
        taken = set(self.uids.values())
        for uid in range(first or 0, (first or 0) + self.settings.uids):
            if uid not in taken:
                return uid
        raise RuntimeError(f"all {self.settings.uids} user numbers for workers are taken")

    def _reap(self, pid: int) -> None:
        _, status, usage = os.wait4(pid, 0)
        self.uids.pop(pid, None)
        self._answer({"exit_code": os.waitstatus_to_exitcode(status), "cpu_seconds": usage.ru_utime + usage.ru_stime})

    def _answer(self, message: dict[str, Any], *descriptors: int) -> None:
        socket.send_fds(self.control, [json.dumps(message).encode()], descriptors)

    def _become_worker(self, request: dict[str, Any], uid: int | None, descriptors: list[int]) -> NoReturn:
        """In the child. Whatever goes wrong here is said on the log pipe; nothing comes back from this function."""
        try:
            mapped_bytes = _mapped_bytes()
            # A copy in a worker would keep the socket open when the zygote has gone.
            self.control.close()
            os.setsid()
            requests, replies, prints, *files = _moved_up(descriptors)
            for number, descriptor in enumerate((prints, prints, requests, replies), start=1):
                os.dup2(descriptor, number)
            from bots.sandbox.lockdown import Profile, lock_down
            from bots.sandbox.serve import Server

            def seal(header: dict[str, Any]) -> None:
                lock_down(
                    Profile(
                        uid=uid,
                        ruleset=self.ruleset,
                        parent=self.pid,
                        mapped_bytes=mapped_bytes,
                        memory_bytes=header["memory_bytes"],
                        cpu_seconds=header["cpu_seconds"],
                        threads=header["threads"],
                        without=frozenset(request["without"]),
                    )
                )

            Server(3, 4, files, seal).run()
        except BaseException as error:  # noqa: BLE001  (the child must never go on as a second zygote)
            os.write(2, f"{type(error).__name__}: {error}".encode())
        os._exit(70)


def _moved_up(descriptors: list[int]) -> list[int]:
    """Copies out of the way of the numbers that a worker uses itself."""
    import fcntl

    return [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, FIRST_FREE_DESCRIPTOR) for each in descriptors]


def _become_quiet() -> None:
    """From here on nobody reads what this process prints."""
    os.dup2(0, 1)
    os.dup2(0, 2)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _check_one_thread() -> None:
    """A fork copies the calling thread only: locks that another one holds would stay locked for ever."""
    if len(os.listdir("/proc/self/task")) != 1:
        raise RuntimeError("the zygote has more than one thread")


def _mapped_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def main(argument: str) -> NoReturn:
    settings = Settings(**json.loads(argument))
    sys.path.extend(settings.library_folders)
    sys.path.append(settings.code_folder)

    from bots.sandbox.warmup import warm_up

    warm_up()
    zygote = Zygote(settings)
    # What is imported stays; nothing else of the platform is to be found by name.
    sys.path.remove(settings.code_folder)
    _check_one_thread()
    # Frozen objects are not visited by the collector: a worker does not copy their pages by looking at them.
    gc.collect()
    gc.freeze()
    zygote.run()


if __name__ == "__main__":
    main(sys.argv[1])
