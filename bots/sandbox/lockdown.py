"""What a worker gives up before it reads a byte of a bot, and the proof that it did. Runs in the forked child.

Each layer alone would stop most attacks; together a hole in one of them is not enough. The order matters and is the
order of `lock_down`: whatever needs a privilege comes before that privilege goes. Anything that does not work raises
OSError, and the worker ends before it has seen the bot.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bots.sandbox import syscalls

# linux/prctl.h
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_READ, PR_CAPBSET_DROP = 1, 4, 22, 23, 24
PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 38, 47, 4
SECCOMP_MODE_FILTER = 2  # linux/seccomp.h
CAPABILITY_VERSION_3 = 0x20080522  # linux/capability.h
# linux/landlock.h. The rights that each ABI added: EXECUTE to MAKE_SYM, then REFER, TRUNCATE, IOCTL_DEV.
LANDLOCK_VERSION, LANDLOCK_PATH_BENEATH = 1, 1
LANDLOCK_READ_FILE, LANDLOCK_READ_DIR = 1 << 2, 1 << 3
LANDLOCK_RIGHTS = ((1, (1 << 13) - 1), (2, 1 << 13), (3, 1 << 14), (5, 1 << 15))
LANDLOCK_NET_ABI, LANDLOCK_NET_RIGHTS = 4, 0b11  # bind, connect (TCP)
LANDLOCK_SCOPE_ABI, LANDLOCK_SCOPES = 6, 0b11  # abstract Unix sockets, signals

AT_FDCWD = -100  # linux/fcntl.h
OPEN_FILES = 64
PENDING_SIGNALS = 64
LAST_DESCRIPTOR = 4  # standard input, output and error, requests, replies
OUTSIDE_FILE = b"/proc/self/status"  # is always there, readable to every user, and not granted
FORK_FLAGS = signal.SIGCHLD  # clone(2): a fork

# The layers by name. A test can leave one out to see an attack go through; nothing else can, see tiers.Plan.
LAYERS = ("rlimits", "uid", "capabilities", "parent_death", "landlock", "descriptors", "seccomp", "self_test")

_libc = ctypes.CDLL(None, use_errno=True)
_ZERO = ctypes.c_ulong(0)


@dataclass(frozen=True, slots=True)
class Profile:
    """What to lock one worker down to."""

    uid: int | None  # of its own; None keeps the one it has
    ruleset: int  # descriptor of the Landlock rules, see `landlock_ruleset`
    parent: int  # process id of the zygote
    mapped_bytes: int  # address space in use before the bot's files were read
    memory_bytes: int
    cpu_seconds: int
    threads: int
    without: frozenset[str] = frozenset()

    @property
    def may_start_threads(self) -> bool:
        """Only a user of its own can be told how many: the kernel counts per user."""
        return self.uid is not None and self.threads > 1 and "rlimits" not in self.without


def lock_down(profile: Profile) -> None:
    """Give up everything, in this order. Raises OSError."""
    steps: tuple[tuple[str, Callable[[Profile], None]], ...] = (
        ("rlimits", _limit_resources),
        ("capabilities", _empty_bounding_set),
        ("uid", _become_nobody),
        ("capabilities", _drop_capabilities),
        ("parent_death", _die_with_zygote),
        ("", _gain_no_privileges),
        ("landlock", _restrict_files),
        ("descriptors", _close_descriptors),
        ("seccomp", _filter_calls),
        ("self_test", _test_self),
    )
    for layer, step in steps:
        if layer not in profile.without:
            step(profile)


# --- the steps


def _limit_resources(profile: Profile) -> None:
    for kind in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_MEMLOCK, resource.RLIMIT_MSGQUEUE):
        resource.setrlimit(kind, (0, 0))
    # A signal that waits takes the kernel's memory; those that end a process need no place in the queue.
    resource.setrlimit(resource.RLIMIT_SIGPENDING, (PENDING_SIGNALS, PENDING_SIGNALS))
    # Address space, because RLIMIT_DATA does not see shared anonymous memory.
    memory = profile.mapped_bytes + profile.memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    # The first ends the process by SIGXCPU, which can be told from other ends; who ignores it gets SIGKILL.
    resource.setrlimit(resource.RLIMIT_CPU, (profile.cpu_seconds, profile.cpu_seconds + 1))
    if profile.uid is not None:  # counted per user: a shared one would already be above it
        resource.setrlimit(resource.RLIMIT_NPROC, (profile.threads, profile.threads))


def _empty_bounding_set(_profile: Profile) -> None:
    """No way to get a capability back. Who has none to begin with may not even do this, and need not."""
    if not _capabilities()[1]:
        return
    for capability in range(64):
        held = _libc.prctl(PR_CAPBSET_READ, capability, 0, 0, 0)
        if held < 0:  # EINVAL: beyond the last one that this kernel knows
            break
        if held:
            _prctl(PR_CAPBSET_DROP, capability)


def _become_nobody(profile: Profile) -> None:
    uid = profile.uid
    if uid is None:
        return
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    if os.getresuid() != (uid, uid, uid) or os.getresgid() != (uid, uid, uid) or os.getgroups():
        raise OSError(errno.EPERM, "the worker kept its user")


def _drop_capabilities(_profile: Profile) -> None:
    _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    header, nothing = struct.pack("=Ii", CAPABILITY_VERSION_3, 0), bytes(24)
    _call("capset", header, nothing)
    if any(_capabilities()):
        raise OSError(errno.EPERM, "the worker kept capabilities")


def _capabilities() -> tuple[int, int, int]:
    """Effective, permitted and inheritable of this process."""
    data = ctypes.create_string_buffer(24)
    _call("capget", struct.pack("=Ii", CAPABILITY_VERSION_3, 0), data)
    low, high = struct.unpack("=3I", data.raw[:12]), struct.unpack("=3I", data.raw[12:])
    effective, permitted, inheritable = (first | second << 32 for first, second in zip(low, high, strict=True))
    return effective, permitted, inheritable


def _die_with_zygote(profile: Profile) -> None:
    # After the change of user, which clears it.
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != profile.parent:  # it ended before the line above took effect
        os._exit(1)


def _gain_no_privileges(_profile: Profile) -> None:
    _prctl(PR_SET_DUMPABLE, 0)  # in debuggers' terms: nobody of the same user reads this process
    _prctl(PR_SET_NO_NEW_PRIVS, 1)  # without it neither Landlock nor seccomp may be had


def _restrict_files(profile: Profile) -> None:
    _call("landlock_restrict_self", profile.ruleset, 0)


def _close_descriptors(_profile: Profile) -> None:
    _call("close_range", LAST_DESCRIPTOR + 1, 0xFFFFFFFF, 0)
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))


def _filter_calls(profile: Profile) -> None:
    program = syscalls.build_filter(_architecture(), os.getpid(), threads=profile.may_start_threads)
    buffer = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog in linux/filter.h: count (and padding), address
    filter_program = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer)))
    _prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(filter_program))


def _test_self(profile: Profile) -> None:
    """Try what must fail. The errors are the exact ones: another one would mean that something else refused."""
    null = ctypes.c_void_p(None)
    attempts: tuple[tuple[str, int, Callable[[], int]], ...] = (
        ("open a socket", errno.EPERM, lambda: _try("socket", 2, 1, 0)),
        ("open a file outside", errno.EACCES, lambda: _try("openat", AT_FDCWD, OUTSIDE_FILE, os.O_RDONLY)),
        ("open a file for writing", errno.EPERM, lambda: _try("openat", AT_FDCWD, OUTSIDE_FILE, os.O_RDWR)),
        ("fork", errno.EPERM, lambda: _try("clone", FORK_FLAGS, 0, 0, 0, 0)),
        ("run a program", errno.EPERM, lambda: _try("execve", b"/nonexistent", null, null)),
        ("send a signal", errno.EPERM, lambda: _try("kill", profile.parent, 0)),
        ("make a file in memory", errno.EPERM, lambda: _try("memfd_create", b"x", 0)),
    )
    for what, expected, attempt in attempts:
        got = attempt()
        if got != expected:
            answer = errno.errorcode.get(got, "success") if got else "success"
            raise OSError(errno.EPERM, f"the self-test could {what}, or was not refused as it should be: {answer}")


# --- Landlock


def landlock_abi() -> int:
    """The version of Landlock that the kernel has, 0 for none. See landlock_create_ruleset(2)."""
    architecture = syscalls.machine()
    if architecture is None:
        return 0
    nr = syscalls.number("landlock_create_ruleset", architecture)
    return max(int(_libc.syscall(nr, None, ctypes.c_size_t(0), LANDLOCK_VERSION)), 0)


def landlock_ruleset(readable: Sequence[str]) -> int:
    """A descriptor of rules that deny everything but reading in these folders and files. Raises OSError.

    Made once by the zygote: nothing in it belongs to one bot, whose files come as descriptors.
    """
    abi = landlock_abi()
    if abi < 1:
        raise OSError(errno.ENOSYS, "the kernel has no Landlock")
    rights = sum(added for since, added in LANDLOCK_RIGHTS if abi >= since)
    net = LANDLOCK_NET_RIGHTS if abi >= LANDLOCK_NET_ABI else 0
    scoped = LANDLOCK_SCOPES if abi >= LANDLOCK_SCOPE_ABI else 0
    try:
        ruleset = _create_ruleset(abi, rights, net, scoped)
    except OSError as error:
        # Some distributions' kernels report an ABI whose scopes they do not have (RHEL 9).
        if error.errno != errno.EINVAL or not scoped:
            raise
        ruleset = _create_ruleset(abi, rights, net, 0)
    for path in readable:
        allowed = LANDLOCK_READ_FILE | (LANDLOCK_READ_DIR if Path(path).is_dir() else 0)
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            # struct landlock_path_beneath_attr, packed: allowed_access, parent_fd
            _call("landlock_add_rule", ruleset, LANDLOCK_PATH_BENEATH, struct.pack("=Qi", allowed, descriptor), 0)
        finally:
            os.close(descriptor)
    return ruleset


def _create_ruleset(abi: int, rights: int, net: int, scoped: int) -> int:
    # struct landlock_ruleset_attr grew with the ABI; older kernels refuse a longer one that is not zero.
    fields = [rights, *([net] if abi >= LANDLOCK_NET_ABI else []), *([scoped] if abi >= LANDLOCK_SCOPE_ABI else [])]
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    return _call("landlock_create_ruleset", attributes, ctypes.c_size_t(len(attributes)), 0)


# --- calls


def _architecture() -> syscalls.Architecture:
    architecture = syscalls.machine()
    if architecture is None:
        raise OSError(errno.ENOSYS, "no table of system calls for this processor")
    return architecture


def _try(name: str, *arguments: object) -> int:
    """0 when the call went through, else its error number."""
    nr = syscalls.number(name, _architecture())
    # As C longs: what is passed shorter would leave the register's upper half undefined.
    result = _libc.syscall(nr, *(ctypes.c_long(each) if isinstance(each, int) else each for each in arguments))
    if result == 0 and name == "clone":
        os._exit(0)  # the child that should not have been
    return 0 if result >= 0 else ctypes.get_errno()


def _call(name: str, *arguments: object) -> int:
    nr = syscalls.number(name, _architecture())
    result = _libc.syscall(nr, *(ctypes.c_long(each) if isinstance(each, int) else each for each in arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")
    return int(result)


def _prctl(option: int, value: int, third: int = 0) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(third), _ZERO, _ZERO) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}, {value}): {os.strerror(number)}")
