"""What a hostile program starts from: a second file of its package, beside target.py. Runs in the worker.

An attack returns a sentence about what it achieved, and raises OSError or Denied when it was stopped. The bot
tells either in the reason of a HOLD: `BREACH: ...` or `denied: ...`.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from typing import Any

from bot_sdk import Action, CustomBot
from target import TARGET

__all__ = ["TARGET", "Attack", "Denied", "attempt", "call", "conversation", "hold", "libc", "prctl", "run_code"]

X86 = os.uname().machine == "x86_64"
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


class Denied(Exception):
    """The attack was stopped, and no OSError says so."""


class Attack(CustomBot):
    """A bot whose one method is the attack."""

    warmup_candles = 60

    def attack(self) -> str:
        raise NotImplementedError

    def analyze_market(self, market_data: Any) -> Action:
        self.candles = market_data
        return hold(attempt(self.attack))


def hold(reason: str) -> Action:
    return Action(Action.HOLD, 1.0, reason)


def attempt(act: Callable[[], object]) -> str:
    """The reason to answer with. Errors other than OSError and Denied are left to the worker."""
    try:
        done = act()
    except Denied as error:
        return f"denied: {error}"
    except OSError as error:
        return f"denied: {errno.errorcode.get(error.errno or 0, repr(error))}"[:300]
    return f"BREACH: {str(done)[:300]!r}"


# Numbers of system calls that Python has no function for: x86-64, aarch64.
NUMBERS = {
    "add_key": (248, 217),
    "bpf": (321, 280),
    "capset": (126, 91),
    "clone": (56, 220),
    "clone3": (435, 435),
    "close_range": (436, 436),
    "epoll_create1": (291, 20),
    "execveat": (322, 281),
    "fanotify_init": (300, 262),
    "fsopen": (430, 430),
    "get_robust_list": (274, 100),
    "init_module": (175, 105),
    "inotify_add_watch": (254, 27),
    "inotify_init1": (294, 26),
    "io_setup": (206, 0),
    "io_uring_setup": (425, 425),
    "ioprio_set": (251, 30),
    "kcmp": (312, 272),
    "keyctl": (250, 219),
    "kill": (62, 129),
    "listmount": (458, 458),
    "memfd_secret": (447, 447),
    "mlockall": (151, 230),
    "modify_ldt": (154, -1),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_pages": (279, 239),
    "mprotect": (10, 226),
    "mq_open": (240, 180),
    "mremap": (25, 216),
    "msgget": (68, 186),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "openat": (257, 56),
    "openat2": (437, 437),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "pidfd_getfd": (438, 438),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pivot_root": (155, 41),
    "pkey_mprotect": (329, 288),
    "process_madvise": (440, 440),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "remap_file_pages": (216, 234),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "sched_setattr": (314, 274),
    "seccomp": (317, 277),
    "semget": (64, 190),
    "setfsuid": (122, 151),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "setxattr": (188, 5),
    "shmget": (29, 194),
    "splice": (275, 76),
    "syslog": (103, 116),
    "tee": (276, 77),
    "tgkill": (234, 131),
    "timer_create": (222, 107),
    "timerfd_create": (283, 85),
    "tkill": (200, 130),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
    "vmsplice": (278, 75),
}


def call(name: str | int, *arguments: Any) -> int:
    """A system call by name or number. Raises OSError."""
    number = NUMBERS[name][0 if X86 else 1] if isinstance(name, str) else name
    if number < 0:
        raise Denied("this machine has no such call")
    longs = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    result = libc.syscall(ctypes.c_long(number), *longs)
    if result == -1:
        raise OSError(ctypes.get_errno(), name)
    return result


def prctl(option: int, *values: int) -> int:
    """Raises OSError."""
    padded = (*values, 0, 0, 0, 0)[:4]
    result = libc.prctl(option, *(ctypes.c_ulong(value) for value in padded))
    if result == -1:
        raise OSError(ctypes.get_errno(), "prctl")
    return result


def run_code(memory: Any) -> int:
    """Call the machine code at the start of a buffer that may be read-only."""
    buffer = (ctypes.c_char * 80)()  # struct Py_buffer begins with the address
    ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(memory), buffer, 0)
    start = ctypes.cast(buffer, ctypes.POINTER(ctypes.c_void_p))[0]
    return int(ctypes.CFUNCTYPE(ctypes.c_int)(start)())


def conversation() -> tuple[int, int, int, Any]:
    """What a bot finds by walking up the stack: the reply pipe, the nonce, the number asked, the wire module."""
    frame = sys._getframe()
    while frame := frame.f_back:
        names = frame.f_locals
        if "nonce" in names and hasattr(names.get("self"), "reply_fd"):
            return names["self"].reply_fd, names["nonce"], names.get("number", 0), sys.modules["bots.sandbox.wire"]
    raise Denied("the worker's frames are out of sight")
