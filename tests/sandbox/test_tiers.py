"""What this machine can make, what is refused without it, and that nothing but code can weaken it."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from bots.sandbox import launcher, lockdown, tiers, view
from bots.sandbox.host import WorkerPool
from bots.sandbox.tiers import Plan, Probe, Tier
from bots.sandbox.types import BotPackage, Limits, SandboxUnavailable
from tests.sandbox.conftest import PATIENT
from tests.sandbox.helpers import PROBE, write_package
from tests.sandbox.helpers import probe as probe_request

ROOT = Path(__file__).resolve().parent.parent.parent
NOBODY = 54_321


def needs_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs to be root, to become somebody else")


# --- what is reported and required


def pretend(monkeypatch: pytest.MonkeyPatch, missing: dict[Tier, str]) -> None:
    monkeypatch.setattr(tiers, "probe", lambda: Probe(missing, 7))


def test_the_best_tier_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, {Tier.A: "bubblewrap is not installed"})
    assert tiers.require("C") is Tier.B
    assert tiers.probe().sentence == "Tier B, Landlock ABI 7 (not A: bubblewrap is not installed)"


@pytest.mark.parametrize(
    ("missing", "least", "sentence"),
    [
        ({Tier.A: "no bwrap"}, "A", "would be of tier B, at least A is required: no bwrap"),
        ({Tier.A: "no bwrap", Tier.B: "not root"}, "B", "would be of tier C, at least B is required: not root"),
        (dict.fromkeys(Tier, "the kernel has no Landlock"), "C", "cannot be confined here: the kernel has no Landlock"),
    ],
)
def test_too_little_is_refused_with_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, probe_bot: BotPackage, missing: dict[Tier, str], least: str, sentence: str
) -> None:
    pretend(monkeypatch, missing)
    with pytest.raises(SandboxUnavailable, match=sentence):
        WorkerPool(Limits(least_tier=least)).ask(probe_bot, [probe_request("")])


def test_no_landlock_no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockdown, "landlock_abi", lambda: 0)
    found = tiers.probe.__wrapped__()
    assert found.tier is None
    assert "no Landlock" in found.sentence


def test_an_unknown_processor_has_no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bots.sandbox.syscalls.platform.machine", lambda: "riscv64")
    assert tiers.probe.__wrapped__().tier is None


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_other_systems_are_told_so(monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    monkeypatch.setattr(tiers, "sys", SimpleNamespace(platform=system))
    found = tiers.probe.__wrapped__()
    assert found.tier is None
    assert "Linux only" in found.sentence


def test_it_can_be_imported_where_nothing_of_linux_is_there() -> None:
    code = """
import os, signal, socket, sys
sys.platform = "win32"
for module in ("fcntl", "resource"):
    sys.modules[module] = None
for name in ("pidfd_open", "register_at_fork", "sysconf", "fork", "geteuid"):
    delattr(os, name)
import bots.sandbox.host, bots.sandbox.tiers
print(bots.sandbox.tiers.probe().tier)
"""
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("None\n", "")


def test_without_bubblewrap_there_is_no_tier_a(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiers.shutil, "which", lambda _name: None)
    assert tiers.probe.__wrapped__().missing[Tier.A] == "bubblewrap is not installed"


def test_a_bubblewrap_that_may_not_is_no_tier_a(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    refusing = tmp_path / "bwrap"
    refusing.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setattr(tiers.shutil, "which", lambda _name: str(refusing))
    assert "setting up uid map: Permission denied" in tiers.probe.__wrapped__().missing[Tier.A]


def test_no_setting_can_leave_a_layer_out() -> None:
    """Production plans come from `make_plan`, whose only inputs are the least tier and the first user number."""
    assert {field.name for field in dataclasses.fields(Limits)}.isdisjoint({"without", "plan", "tier"})
    assert tiers.make_plan(least_tier="C").without == frozenset()
    source = "".join(path.read_text() for path in (ROOT / "bots" / "sandbox").glob("*.py"))
    assert "os.environ" not in source
    assert "getenv" not in source


# --- a lock-down that fails


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        ("seccomp", "self-test could open a socket"),
        ("landlock", "self-test could open a file outside"),
    ],
)
def test_the_self_test_notices_a_missing_layer(plan: Plan, probe_bot: BotPackage, layer: str, sentence: str) -> None:
    weakened = Plan(plan.tier, without=frozenset({layer}))
    with WorkerPool(Limits(**PATIENT), weakened) as pool, pytest.raises(SandboxUnavailable, match=sentence):
        pool.ask(probe_bot, [probe_request("")])
    launcher._zygotes.pop(weakened).close()


STEPS = ("_limit_resources", "_drop_capabilities", "_gain_no_privileges", "_restrict_files", "_close_descriptors")


@pytest.mark.parametrize("step", [*STEPS, "_filter_calls", "_test_self"])
def test_a_step_that_fails_ends_the_worker(step: str) -> None:
    """In a process of its own, because what works cannot be undone."""
    code = f"""
import os, sys
from bots.sandbox import lockdown
def fail(profile): raise OSError(1, "it did not work")
lockdown.{step} = fail
ruleset = os.dup2(lockdown.landlock_ruleset(["/usr/lib"]), 9)
try:
    lockdown.lock_down(lockdown.Profile(None, ruleset, os.getppid(), 1 << 40, 0, 60, 1))
except OSError as error:
    os.write(1, str(error).encode())
"""
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "it did not work" in result.stdout, result.stderr


def test_a_kept_user_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("setgroups", "setresgid", "setresuid"):
        monkeypatch.setattr(os, name, lambda *_: None)
    with pytest.raises(OSError, match="kept its user"):
        lockdown._become_nobody(lockdown.Profile(NOBODY, -1, 1, 0, 0, 0, 1))


def test_kept_capabilities_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockdown, "_call", lambda *_: 0)
    monkeypatch.setattr(lockdown, "_prctl", lambda *_: None)
    monkeypatch.setattr(lockdown, "_capabilities", lambda: (0, 1 << 21, 0))
    with pytest.raises(OSError, match="kept capabilities"):
        lockdown._drop_capabilities(lockdown.Profile(None, -1, 1, 0, 0, 0, 1))


def test_a_kernel_without_scopes_gets_rules_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def create(abi: int, rights: int, net: int, scoped: int) -> int:
        asked.append((abi, scoped))
        if scoped:
            raise OSError(22, "Invalid argument")
        return os.open("/dev/null", os.O_RDONLY)

    monkeypatch.setattr(lockdown, "landlock_abi", lambda: 6)
    monkeypatch.setattr(lockdown, "_create_ruleset", create)
    os.close(lockdown.landlock_ruleset([]))
    assert asked == [(6, 0b11), (6, 0)]


# --- each worker a user of its own


def test_no_two_workers_share_a_user(plan: Plan, make_pool: Callable[..., WorkerPool], bots: list[BotPackage]) -> None:
    if not plan.own_uids:
        pytest.skip("this tier has one user for all")
    pools = [make_pool(workers=3), make_pool(workers=3)]
    for pool in pools:
        for bot in bots:
            assert pool.ask(bot, [probe_request("")])[0].ok
    pids = [pid for pool in pools for pid in pool.worker_pids]
    owners = [uid_of(pid) for pid in pids]
    assert len(set(owners)) == len(owners) == 6
    pools[0].close()
    assert pools[0].ask(bots[0], [probe_request("")])[0].ok
    assert uid_of(pools[0].worker_pids[0]) in owners[:3], "a number is used again once its worker has gone"
    assert uid_of(pools[0].worker_pids[0]) not in {uid_of(pid) for pid in pools[1].worker_pids}


def test_another_host_takes_other_numbers() -> None:
    first, claim = launcher._claim_uids(900_000_000)
    with claim:
        second, other = launcher._claim_uids(900_000_000)
        other.close()
    again, last = launcher._claim_uids(900_000_000)
    last.close()
    assert (first, second, again) == (900_000_000, 900_000_000 + launcher.UIDS_PER_HOST, 900_000_000)


@pytest.fixture
def bots(tmp_path: Path) -> list[BotPackage]:
    return [write_package(tmp_path / name, {"bot.py": PROBE + f"# {name}\n"}) for name in ("one", "two", "three")]


def uid_of(pid: int) -> int:
    return os.stat(f"/proc/{pid}").st_uid if os.geteuid() != 0 else status_uid(pid)


def status_uid(pid: int) -> int:
    # The owner of /proc/PID is root for a process that is not dumpable.
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("Uid:")]
    return int(line.split()[1])


# --- the host as an ordinary user

UNPRIVILEGED = """
import json, os, sys
from pathlib import Path
from bots.sandbox import tiers, view
view.open_closed_folders([sys.base_prefix, *view.library_folders(), str(view.CODE_FOLDER)])
os.setgroups([]); os.setresgid({uid}, {uid}, {uid}); os.setresuid({uid}, {uid}, {uid})
from bots.sandbox.host import WorkerPool
from bots.sandbox.types import BotPackage, Limits, PackageFile
from tests.sandbox.helpers import probe
manifest = tuple(PackageFile(*row) for row in json.loads(sys.argv[1]))
found = tiers.probe()
tier = tiers.Tier(sys.argv[2])
if tier in found.missing:
    print(json.dumps({{"missing": found.missing[tier]}}))
    sys.exit()
code = '''
import os, socket
tried = []
for attempt in (
    lambda: socket.socket(), lambda: open("/etc/passwd"), lambda: open("/proc/self/environ"), os.fork,
    lambda: os.kill(os.getppid(), 0), lambda: open("/tmp/x", "w"),
    lambda: __import__("_thread").start_new_thread(print, ()),
):
    try:
        attempt()
        tried.append("went through")
    except (OSError, RuntimeError) as error:
        tried.append("refused")
self.state["found"] = [os.getuid(), tried]
'''
with WorkerPool(Limits(wall_seconds=30, start_up_seconds=60), tiers.Plan(tier)) as pool:
    [outcome] = pool.ask(BotPackage(sys.argv[4], Path(sys.argv[3]), manifest), [probe(code)])
    memory = pool.ask(BotPackage(sys.argv[4], Path(sys.argv[3]), manifest), [probe("bytearray(10**10)")])
    print(json.dumps({{"missing_b": found.missing.get("B", ""), "error": outcome.error, "state": outcome.state,
                       "memory": memory[0].status}}))
"""


@pytest.mark.parametrize("tier", ["A", "C"])
def test_an_ordinary_user_gets_a_sandbox_too(tier: str) -> None:
    needs_root()
    with tempfile.TemporaryDirectory() as folder:  # not pytest's, which only root may enter
        Path(folder).chmod(0o755)
        bot = write_package(Path(folder), {"bot.py": PROBE})
        rows = [[file.name, file.file_type, file.key, file.framework, file.sha256] for file in bot.manifest]
        arguments = [json.dumps(rows), tier, str(bot.folder), bot.content_hash]
        command = [sys.executable, "-c", UNPRIVILEGED.format(uid=NOBODY), *arguments]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    if "missing" in found:
        pytest.skip(f"tier {tier} for an ordinary user: {found['missing']}")
    assert found["missing_b"] == "only root can give each worker a user of its own"
    assert found["error"] == ""
    assert found["state"]["found"] == [NOBODY, ["refused"] * 7]
    assert found["memory"] == "MEMORY_LIMIT"


def test_closed_folders_are_found(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "lib").mkdir()
    assert str(closed) in view.closed_folders([str(closed / "lib")])
