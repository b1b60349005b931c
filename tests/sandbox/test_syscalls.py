"""The filter on system calls: every number and argument by a small machine of our own, and again by the kernel."""

from __future__ import annotations

import errno
import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from bots.sandbox import syscalls
from bots.sandbox.syscalls import ALLOW, ARCHITECTURES, ERRNO, KILL_PROCESS, Architecture

ROOT = Path(__file__).resolve().parent.parent.parent
PID = 4321
HIGHEST = 1000  # Linux 6.18 ends below 480
EPERM = ERRNO | errno.EPERM
EVERY_ARCHITECTURE = pytest.mark.parametrize("machine", ARCHITECTURES)


def answer(architecture: Architecture, nr: int, *arguments: int, threads: bool = True, audit: int | None = None) -> int:
    """What the filter says to a call: classic BPF, as in linux/Documentation/networking/filter.rst."""
    values = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("<IIQ6Q", nr, architecture.audit if audit is None else audit, 0, *values)
    program = list(struct.iter_unpack("=HBBI", syscalls.build_filter(architecture, PID, threads=threads)))
    position = accumulator = 0
    while True:
        code, if_true, if_false, k = program[position]
        position += 1
        if code == 0x20:
            accumulator = struct.unpack_from("<I", data, k)[0]
        elif code == 0x54:
            accumulator &= k
        elif code == 0x06:
            return k
        elif code in (0x15, 0x35):
            holds = accumulator == k if code == 0x15 else accumulator >= k
            position += if_true if holds else if_false
        else:
            raise AssertionError(f"no such instruction: {code:#x}")


def call(machine: str, name: str, *arguments: int, threads: bool = True) -> int | None:
    architecture = ARCHITECTURES[machine]
    nr = syscalls.number(name, architecture)
    return None if nr is None else answer(architecture, nr, *arguments, threads=threads)


@EVERY_ARCHITECTURE
def test_every_number_has_the_answer_of_the_tables(machine: str) -> None:
    architecture = ARCHITECTURES[machine]
    column = architecture.column
    plain = {numbers[column] for numbers in syscalls.PLAIN.values()}
    checked = {numbers[column] for numbers in syscalls.CHECKED.values()}
    others = {numbers[column]: ERRNO | number for numbers, number in syscalls.OTHER_ANSWERS.values()}
    for nr in range(HIGHEST):
        if nr in checked:
            continue
        expected = ALLOW if nr in plain else others.get(nr, EPERM)
        assert answer(architecture, nr) == expected, nr


@EVERY_ARCHITECTURE
def test_no_number_stands_for_two_calls(machine: str) -> None:
    tables = (syscalls.PLAIN, syscalls.CHECKED, syscalls.BY_LOCKDOWN)
    names = [name for table in tables for name in table] + list(syscalls.OTHER_ANSWERS)
    numbers = [syscalls.number(name, ARCHITECTURES[machine]) for name in names]
    known = [nr for nr in numbers if nr is not None]
    assert len(known) == len(set(known))


@pytest.mark.parametrize(
    ("machine", "header"),
    [("x86_64", "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), ("aarch64", "/usr/include/asm-generic/unistd.h")],
)
def test_the_numbers_are_the_kernels(machine: str, header: str) -> None:
    if not Path(header).exists():
        pytest.skip(f"the kernel's headers are not installed: {header}")
    kernel: dict[str, int] = {}
    for line in Path(header).read_text().splitlines():
        words = line.split()
        if words[:1] == ["#define"] and len(words) >= 3 and words[2].isdigit() and words[1].startswith("__NR"):
            name = words[1].removeprefix("__NR3264_").removeprefix("__NR_")
            kernel.setdefault({"fstatat": "newfstatat"}.get(name, name), int(words[2]))
    for table in (syscalls.PLAIN, syscalls.CHECKED, syscalls.BY_LOCKDOWN, syscalls.OTHER_ANSWERS):
        for name in table:
            assert syscalls.number(name, ARCHITECTURES[machine]) == kernel.get(name), name


@EVERY_ARCHITECTURE
def test_another_architecture_and_x32_kill(machine: str) -> None:
    architecture = ARCHITECTURES[machine]
    for audit in (0x40000003, 0x40000028, 0, *(other.audit for other in ARCHITECTURES.values())):
        if audit != architecture.audit:
            assert answer(architecture, 0, audit=audit) == KILL_PROCESS
    for nr in (0x40000000, 0x40000000 + 39, 0xFFFFFFFF):
        assert answer(architecture, nr) == KILL_PROCESS


HIGH = 1 << 32  # what the kernel ignores of an int, and must not be fooled by of a pointer
RULES = {
    # name: (arguments that go through, arguments that do not)
    "openat": (
        [(0, 1, 0), (0, 1, 0o2000000), (0, 1, 0o200000), (0, 1, HIGH)],
        [(0, 1, flag) for flag in (0o1, 0o2, 0o3, 0o100, 0o1000, 0o2000, 0o20200000, 0o10000000, HIGH | 0o1)],
    ),
    "open": ([(1, 0), (1, 0o2000000)], [(1, 0o1), (1, 0o2), (1, 0o102), (1, 0o20200000), (1, 0o10000000)]),
    "fcntl": (
        [(3, command) for command in (0, 1, 2, 3, 1030)],
        [(3, command) for command in (4, 6, 7, 8, 10, 1031, 1033)],
    ),
    "prctl": ([(15,), (16,)], [(option,) for option in (1, 4, 22, 23, 24, 38, 47, 0x53564D41)]),
    "madvise": ([(1, 2, 4), (1, 2, 8), (1, 2, 14)], [(1, 2, advice) for advice in (5, 9, 10, 12, 16, 21, 100)]),
    "prlimit64": (
        [(0, 7, 0, 1), (PID, 7, 0, 1)],
        [(0, 7, 1, 0), (0, 7, HIGH, 0), (PID + 1, 7, 0, 1), (1, 7, 0, 1)],
    ),
    "tgkill": ([(PID, 1, 6)], [(PID + 1, 1, 6), (1, 1, 9), (0xFFFFFFFF, 1, 9)]),
    "mmap": (
        [(0, 9, 0x3, 0x22), (0, 9, 0x1, 0x2), (0, 9, 0x5, 0x2), (0, 9, 0x4, 0x2)],
        [(0, 9, 0x7, 0x22), (0, 9, 0x7, 0x2), (0, 9, 0x5, 0x22), (0, 9, 0x6, 0x2), (0, 9, 0x4, 0x21)],
    ),
    "mprotect": ([(1, 2, 0), (1, 2, 1), (1, 2, 3)], [(1, 2, 4), (1, 2, 5), (1, 2, 7), (1, 2, HIGH | 4)]),
    "clone": (
        [(0x3D0F00,), (0x10000,)],
        [(17,), (0,), (0x4111,), *((0x3D0F00 | flag,) for flag in (17, 0x80, 0x2000, 0x4000, 0x20000, 0x10000000))],
    ),
}


@EVERY_ARCHITECTURE
@pytest.mark.parametrize("name", RULES)
def test_arguments_are_looked_at(machine: str, name: str) -> None:
    through, refused = RULES[name]
    for arguments in through:
        assert call(machine, name, *arguments) in (ALLOW, None), arguments
    for arguments in refused:
        assert call(machine, name, *arguments) in (EPERM, None), arguments


def test_every_checked_call_has_a_case() -> None:
    assert RULES.keys() == syscalls.CHECKED.keys()
    assert {name for name, _ in syscalls.rules(1, threads=True)} == syscalls.CHECKED.keys()


@EVERY_ARCHITECTURE
def test_threads_only_where_they_can_be_counted(machine: str) -> None:
    assert call(machine, "clone", 0x3D0F00, threads=False) == EPERM


BRUTE_FORCE = """
import ctypes, json, os, signal, sys
from bots.sandbox import lockdown, syscalls

architecture = syscalls.machine()
allowed = {syscalls.number(name, architecture) for name in (*syscalls.PLAIN, *syscalls.CHECKED)}
# uretprobe and uprobe on x86-64: the kernel's own, past every filter (kernel/seccomp.c); SIGILL for anybody else.
allowed |= {335, 336}
profile = lockdown.Profile(None, -1, os.getppid(), 0, 0, 0, 1)
lockdown._gain_no_privileges(profile)
lockdown._filter_calls(profile)
libc = ctypes.CDLL(None, use_errno=True)
got = {}
for nr in range(1000):
    if nr not in allowed:
        result = libc.syscall(nr, -1, -1, -1, -1, -1, -1)
        got[nr] = ctypes.get_errno() if result == -1 else "went through"
print(json.dumps(got), flush=True)
libc.syscall(int(sys.argv[1]), 0, 0, 0, 0, 0, 0)
print("still here", flush=True)
"""


def brute_force(last: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BRUTE_FORCE, str(last)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


@pytest.mark.skipif(syscalls.machine() is None, reason="no table of system calls for this processor")
def test_the_kernel_refuses_every_other_number() -> None:
    architecture = syscalls.machine()
    assert architecture is not None
    result = brute_force(syscalls.number("getpid", architecture) or 0)
    assert result.stderr == ""
    first, second = result.stdout.splitlines()
    assert second == "still here"
    others = {numbers[architecture.column]: number for numbers, number in syscalls.OTHER_ANSWERS.values()}
    for nr, got in json.loads(first).items():
        assert got == others.get(int(nr), errno.EPERM), nr


@pytest.mark.skipif(syscalls.machine() is None, reason="no table of system calls for this processor")
def test_the_kernel_kills_on_an_x32_number() -> None:
    result = brute_force(0x40000000 + 39)
    assert "still here" not in result.stdout
    assert result.returncode == -31  # SIGSYS
