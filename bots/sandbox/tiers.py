"""How strong a sandbox this machine can make, and what is missing for a stronger one.

A: namespaces by bubblewrap around all workers, besides the layers of B (or of C where the host is not root).
B: the host is root, so each worker gets a user of its own, besides the layers of C.
C: Landlock, seccomp, limits and closed descriptors, which every Linux since 5.13 gives to every user.
Without Landlock or seccomp there is no sandbox, and bot code is refused.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bots.sandbox import view
from bots.sandbox.types import SandboxUnavailable

FIRST_UID = 200_000
TRIAL_SECONDS = 20.0
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2  # linux/prctl.h, linux/seccomp.h
CAP_SETGID, CAP_SETUID, CAP_SETPCAP = 6, 7, 8  # linux/capability.h
_NEEDED_TO_CHANGE_USER = 1 << CAP_SETGID | 1 << CAP_SETUID | 1 << CAP_SETPCAP


class Tier(StrEnum):
    A = "A"
    B = "B"
    C = "C"


@dataclass(frozen=True, slots=True)
class Plan:
    """How workers are started. Production makes one by `make_plan`.

    `without` names layers (`lockdown.LAYERS`) that are left out: for tests, which show that an attack goes through when
    the layer that stops it is missing. No setting and no environment variable leads here, only Python code does.
    """

    tier: Tier
    first_uid: int = FIRST_UID
    without: frozenset[str] = frozenset()

    @property
    def own_uids(self) -> bool:
        """Whether each worker gets a user of its own."""
        return self.tier is not Tier.C and os.geteuid() == 0 and "uid" not in self.without


@dataclass(frozen=True, slots=True)
class Probe:
    """What this machine can make. `missing` says for each tier that it cannot make why not."""

    missing: dict[Tier, str]
    landlock_abi: int = 0

    @property
    def tiers(self) -> list[Tier]:
        """Those that it can make, the best first."""
        return [tier for tier in Tier if tier not in self.missing]

    @property
    def tier(self) -> Tier | None:
        return next(iter(self.tiers), None)

    @property
    def sentence(self) -> str:
        """For a health page: the tier, or why there is none; and what would make it better."""
        if self.tier is None:
            return f"No sandbox: {self.missing[Tier.C]}"
        better = "; ".join(f"not {tier}: {why}" for tier, why in self.missing.items() if tier < self.tier)
        return f"Tier {self.tier}, Landlock ABI {self.landlock_abi}" + (f" ({better})" if better else "")


@functools.cache
def probe() -> Probe:
    """Look once per process: about 50 ms. Never raises, on any operating system."""
    if sys.platform != "linux":
        reason = f"bot code runs on Linux only, this is {platform.system()}; use the container"
        return Probe(dict.fromkeys(Tier, reason))
    from bots.sandbox.lockdown import landlock_abi

    abi = landlock_abi()
    return Probe({tier: why for tier in Tier if (why := _missing(tier, abi))}, abi)


def require(least: Tier | str) -> Tier:
    """The best tier of this machine. Raises SandboxUnavailable, with what is missing, where it is below `least`."""
    found = probe()
    least = Tier(least)
    if found.tier is None:
        raise SandboxUnavailable(f"bot code cannot be confined here: {found.missing[Tier.C]}")
    if found.tier > least:
        raise SandboxUnavailable(
            f"the sandbox would be of tier {found.tier}, at least {least} is required: {found.missing[least]}"
        )
    return found.tier


def make_plan(*, least_tier: Tier | str, first_uid: int = FIRST_UID) -> Plan:
    """The best that this machine can do, nothing left out. Raises SandboxUnavailable below `least_tier`."""
    return Plan(require(least_tier), first_uid)


# --- what each tier needs: a reason why not, or ""


def _missing(tier: Tier, abi: int) -> str:
    if why := _no_filters(abi):
        return why
    if tier is Tier.A:
        return _no_namespaces()
    if tier is Tier.B:
        return _no_own_users()
    return ""


def _no_filters(abi: int) -> str:
    from bots.sandbox import syscalls

    if syscalls.machine() is None:
        return f"there is no table of system calls for {platform.machine()} (x86_64 and aarch64 have one)"
    if abi < 1:
        return "the kernel has no Landlock (Linux 5.13 or newer with landlock among its security modules)"
    libc = ctypes.CDLL(None, use_errno=True)
    # With a null program a kernel that has filters answers EFAULT, one without EINVAL.
    libc.prctl(PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), None, None, None)
    if ctypes.get_errno() not in (errno.EFAULT, errno.EACCES):
        return "the kernel has no seccomp filters"
    return ""


def _no_own_users() -> str:
    if os.geteuid() != 0:
        return "only root can give each worker a user of its own"
    held = _effective_capabilities()
    if held & _NEEDED_TO_CHANGE_USER != _NEEDED_TO_CHANGE_USER:
        return "root here lacks CAP_SETUID, CAP_SETGID or CAP_SETPCAP"
    closed = view.closed_folders(view.readable())
    if closed and not held & 1 << 21:  # CAP_SYS_ADMIN, to open them in a view of our own
        return f"Python's libraries lie under {closed[0]}, which other users may not enter"
    return ""


def _effective_capabilities() -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0


def _no_namespaces() -> str:
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed"
    if os.geteuid() == 0 and (why := _no_own_users()) and "may not enter" not in why:
        return why
    command = [*namespaces_command(), view.interpreter(), "-I", "-S", "-c", "pass"]
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TRIAL_SECONDS, env={})
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap could not be tried: {error}"
    if result.returncode != 0:
        said = result.stderr.decode("utf-8", "replace").strip().splitlines()
        return f"bubblewrap is not permitted: {said[-1] if said else f'exit code {result.returncode}'}"
    return ""


def namespaces_command() -> list[str]:
    """bubblewrap's part of the command line: see bwrap(1). The program follows.

    Its own process, network, IPC and host name namespaces, and a file system that holds, read-only, what is needed and
    nothing else: no /tmp, no /etc, of /dev only random bytes, and a /proc that shows nobody but the workers.
    """
    command = [shutil.which("bwrap") or "bwrap"]
    command += ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    command += ["--hostname", "sandbox", "--as-pid-1"]
    if os.geteuid() == 0:
        # To give each worker a user of its own, and to take these three from it.
        command += ["--cap-drop", "ALL"]
        command += [text for name in ("SETUID", "SETGID", "SETPCAP") for text in ("--cap-add", f"CAP_{name}")]
    else:
        command += ["--unshare-user", "--disable-userns"]
    paths = sorted({*view.readable(), *view.needed_to_start()})
    # Said one by one, because those that bubblewrap makes by itself can be entered by root only.
    for folder in sorted({str(parent) for path in paths for parent in Path(path).parents} - {"/"}):
        command += ["--dir", folder]
    for path in paths:
        command += ["--ro-bind", path, path]
    for link in ("/lib", "/lib64"):
        if os.path.islink(link):
            command += ["--symlink", os.readlink(link), link]
    # Not --die-with-parent: it goes by the thread that started it. The zygote watches the host by itself.
    # PyTorch opens it when it is imported; a worker itself may not.
    command += ["--dir", "/dev", "--dev-bind", "/dev/urandom", "/dev/urandom"]
    return [*command, "--proc", "/proc", "--remount-ro", "/", "--chdir", "/"]
