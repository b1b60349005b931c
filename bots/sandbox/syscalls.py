"""The system calls that a worker may make, and the seccomp filter that lets no other through.

Everything that is not in these tables is refused with EPERM: what a future kernel adds is refused as well. The list
is what Python, numpy, pandas, scikit-learn, XGBoost, LightGBM, onnxruntime, PyTorch and Keras need to answer.
See seccomp(2); numbers from linux/arch/x86/entry/syscalls/syscall_64.tbl and linux/include/uapi/asm-generic/unistd.h.
"""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Iterable
from typing import NamedTuple

# --- numbers: name -> (x86-64, aarch64), None where the architecture has no such call

# Allowed whatever the arguments: they act on this process alone, or on descriptors that it already has.
PLAIN: dict[str, tuple[int, int | None]] = {
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "preadv": (295, 69),
    "close": (3, 57),
    "dup": (32, 23),
    "lseek": (8, 62),
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
    # Reading about files; which ones can be opened is Landlock's affair.
    "stat": (4, None),
    "fstat": (5, 80),
    "lstat": (6, None),
    "newfstatat": (262, 79),
    "statx": (332, 291),
    "fstatfs": (138, 44),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "getcwd": (79, 17),
    "getdents64": (217, 61),
    "fadvise64": (221, 223),
    # Memory; mmap and mprotect stand among the rules below.
    "munmap": (11, 215),
    "mremap": (25, 216),
    "brk": (12, 214),
    "membarrier": (324, 283),
    # Signal handlers of its own, locks, threads that exist.
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "futex": (202, 98),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "getcpu": (309, 168),
    # Who am I, what time is it.
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getppid": (110, 173),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getrusage": (98, 165),
    "getrlimit": (97, 163),
    "uname": (63, 160),
    "sysinfo": (99, 179),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "times": (100, 153),
    "getrandom": (318, 278),
}
# Allowed only with certain arguments, see `rules`.
CHECKED: dict[str, tuple[int, int | None]] = {
    "open": (2, None),
    "openat": (257, 56),
    "fcntl": (72, 25),
    "prctl": (157, 167),
    "madvise": (28, 233),
    "prlimit64": (302, 261),
    "tgkill": (234, 131),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "clone": (56, 220),
}
# Refused with an answer other than EPERM: libc takes ENOSYS for an old kernel and falls back to a call that can be
# checked (the arguments of these two lie in memory, where a filter cannot look), and ENOTTY for "not a terminal".
OTHER_ANSWERS: dict[str, tuple[tuple[int, int | None], int]] = {
    "clone3": ((435, 435), errno.ENOSYS),
    "openat2": ((437, 437), errno.ENOSYS),
    "ioctl": ((16, 29), errno.ENOTTY),
}
# Made by the lock-down itself, before the filter, and tried by its self-test behind it.
BY_LOCKDOWN: dict[str, tuple[int, int | None]] = {
    "landlock_create_ruleset": (444, 444),
    "landlock_add_rule": (445, 445),
    "landlock_restrict_self": (446, 446),
    "close_range": (436, 436),
    "capget": (125, 90),
    "capset": (126, 91),
    "socket": (41, 198),
    "kill": (62, 129),
    "execve": (59, 221),
    "memfd_create": (319, 279),
}


class Architecture(NamedTuple):
    column: int  # in the tables above
    audit: int  # AUDIT_ARCH_* in linux/audit.h: how seccomp names it


ARCHITECTURES = {"x86_64": Architecture(0, 0xC000003E), "aarch64": Architecture(1, 0xC00000B7)}


def machine() -> Architecture | None:
    """This machine's row, or None: no tables, no sandbox."""
    return ARCHITECTURES.get(platform.machine())


def number(name: str, architecture: Architecture) -> int | None:
    for table in (PLAIN, CHECKED, BY_LOCKDOWN):
        if name in table:
            return table[name][architecture.column]
    return OTHER_ANSWERS[name][0][architecture.column]


# --- rules on arguments


class Check(NamedTuple):
    """Holds when the 32-bit word of the arguments, masked, equals the value. Word 2n is the low half of argument n."""

    word: int
    mask: int
    value: int


_ALL = 0xFFFFFFFF

# asm-generic/fcntl.h; O_TMPFILE without its O_DIRECTORY bit. These are the same on both architectures.
_O_NOT_READING = 0o1 | 0o2 | 0o100 | 0o1000 | 0o2000 | 0o20000000 | 0o10000000
# asm-generic/fcntl.h: F_DUPFD, F_GETFD, F_SETFD, F_GETFL; linux/fcntl.h: F_DUPFD_CLOEXEC
_FCNTL = (0, 1, 2, 3, 1030)
# linux/prctl.h: PR_SET_NAME, PR_GET_NAME
_PRCTL = (15, 16)
# asm-generic/mman-common.h: MADV_NORMAL to MADV_DONTNEED, MADV_FREE, MADV_HUGEPAGE, MADV_NOHUGEPAGE
_MADVISE = (0, 1, 2, 3, 4, 8, 14, 15)
_PROT_WRITE, _PROT_EXEC, _MAP_ANONYMOUS = 0x2, 0x4, 0x20
_CLONE_THREAD = 0x00010000
# linux/sched.h. NEWTIME and the exit signal share the low byte; then PTRACE, VFORK, NEWNS, NEWCGROUP, NEWUTS, NEWIPC,
# NEWUSER, NEWPID, NEWNET.
_CLONE_NEVER = 0xFF | 0x2000 | 0x4000 | 0x20000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000
_CLONE_NEVER |= 0x20000000 | 0x40000000


def rules(pid: int, *, threads: bool) -> list[tuple[str, tuple[Check, ...]]]:
    """A checked call goes through when all checks of one of its rules hold. `pid` as the process itself sees it."""
    found: list[tuple[str, tuple[Check, ...]]] = [
        ("open", (Check(2, _O_NOT_READING, 0),)),
        ("openat", (Check(4, _O_NOT_READING, 0),)),
        *(("fcntl", (Check(2, _ALL, command),)) for command in _FCNTL),
        *(("prctl", (Check(0, _ALL, option),)) for option in _PRCTL),
        *(("madvise", (Check(4, _ALL, advice),)) for advice in _MADVISE),
        # Reading its own limits: no new ones, and of no other process.
        *(("prlimit64", (Check(0, _ALL, who), Check(4, _ALL, 0), Check(5, _ALL, 0))) for who in (0, pid)),
        # A signal to itself, as raise() and abort() send it.
        ("tgkill", (Check(0, _ALL, pid),)),
        # Code may only come from files that Landlock lets it read, and is never writable.
        ("mmap", (Check(4, _PROT_EXEC, 0),)),
        ("mmap", (Check(4, _PROT_EXEC | _PROT_WRITE, _PROT_EXEC), Check(6, _MAP_ANONYMOUS, 0))),
        ("mprotect", (Check(4, _PROT_EXEC, 0),)),
    ]
    if threads:
        found.append(("clone", (Check(0, _CLONE_THREAD | _CLONE_NEVER, _CLONE_THREAD),)))
    return found


# --- the filter: classic BPF over struct seccomp_data {int nr; u32 arch; u64 ip; u64 args[6]}

_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06  # linux/bpf_common.h: LD|W|ABS, ALU|AND|K, RET|K
_JUMP_EQUAL, _JUMP_AT_LEAST = 0x15, 0x35  # JMP|JEQ|K, JMP|JGE|K
_NR, _ARCH, _ARGS = 0, 4, 16  # offsets
ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000  # SECCOMP_RET_* in linux/seccomp.h
_X32 = 0x40000000  # __X32_SYSCALL_BIT: the same kernel entry with other numbers

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, k


def build_filter(architecture: Architecture, pid: int, *, threads: bool) -> bytes:
    """The program as an array of struct sock_filter. `threads`: whether new ones may be started."""
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCH),
        (_JUMP_EQUAL, 1, 0, architecture.audit),
        (_RETURN, 0, 0, KILL_PROCESS),
        (_LOAD, 0, 0, _NR),
        (_JUMP_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, KILL_PROCESS),
    ]
    for nr in _numbers(PLAIN.values(), architecture):
        program += [(_JUMP_EQUAL, 0, 1, nr), (_RETURN, 0, 0, ALLOW)]
    for numbers, answer in OTHER_ANSWERS.values():
        for nr in _numbers([numbers], architecture):
            program += [(_JUMP_EQUAL, 0, 1, nr), (_RETURN, 0, 0, ERRNO | answer)]
    for name, checks in rules(pid, threads=threads):
        for nr in _numbers([CHECKED[name]], architecture):
            program += _rule(nr, checks)
    program.append((_RETURN, 0, 0, ERRNO | errno.EPERM))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def _numbers(row: Iterable[tuple[int, int | None]], architecture: Architecture) -> list[int]:
    return [nr for numbers in row if (nr := numbers[architecture.column]) is not None]


def _rule(nr: int, checks: tuple[Check, ...]) -> list[Instruction]:
    """Return ALLOW if the call is this one and every check holds; else go on behind the last instruction."""
    tests = [(_NR, _ALL, nr), *((_ARGS + 4 * check.word, check.mask, check.value) for check in checks)]
    size = 3 * len(tests) + 1
    block: list[Instruction] = []
    for offset, mask, value in tests:
        block += [(_LOAD, 0, 0, offset), (_AND, 0, 0, mask)]
        block.append((_JUMP_EQUAL, 0, size - len(block) - 1, value))
    return [*block, (_RETURN, 0, 0, ALLOW)]
