"""The setting SANDBOX_UNSAFE_SAMPLES: when it has an effect, and how loudly it says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import structlog
from django.conf import settings as project
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import Client

from bots import checks, publishing, runtime
from bots.sandbox import lockdown, tiers
from bots.sandbox.host import WorkerPool
from bots.sandbox.types import SandboxUnavailable
from bots.sandbox.unsafe import SamplePool
from bots.system_checks import warn_of_unsafe_samples
from tests.factories import SCRIPTED_BOT, approved_bot, draft

MOMENTUM = (Path(project.BASE_DIR) / "bots" / "samples" / "momentum" / "bot.py").read_text()


@pytest.fixture
def no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel without Landlock, and no pool yet."""
    monkeypatch.setattr(lockdown, "landlock_abi", lambda: 0)
    found = tiers.probe.__wrapped__()
    monkeypatch.setattr(tiers, "probe", lambda: found)
    monkeypatch.setattr("marketplace.health.probe", lambda: found)
    monkeypatch.setattr(runtime, "_pool", None)


@pytest.fixture
def unsafe(no_sandbox: None, settings: Any) -> None:
    settings.SANDBOX_UNSAFE_SAMPLES = settings.DEBUG = True


# --- when it has an effect


def test_it_is_off_unless_somebody_asks() -> None:
    assert project.SANDBOX_UNSAFE_SAMPLES is False


@pytest.mark.parametrize(("flag", "debug"), [(False, False), (False, True), (True, False)])
@pytest.mark.django_db
def test_without_both_a_sample_is_refused_as_ever(
    no_sandbox: None, settings: Any, author: User, flag: bool, debug: bool
) -> None:
    settings.SANDBOX_UNSAFE_SAMPLES, settings.DEBUG = flag, debug
    package = runtime.package(draft(author, MOMENTUM))
    assert isinstance(runtime.pool(), WorkerPool)
    with pytest.raises(SandboxUnavailable, match="bot code cannot be confined here: the kernel has no Landlock"):
        runtime.pool().describe(package)


def test_a_sandbox_that_can_be_made_is_used(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if tiers.probe().tier is None:
        pytest.skip(tiers.probe().sentence)
    settings.SANDBOX_UNSAFE_SAMPLES = settings.DEBUG = True
    monkeypatch.setattr(runtime, "_pool", None)
    assert isinstance(runtime.pool(), WorkerPool)


def test_a_sandbox_below_the_least_tier_is_not_replaced_by_none(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SANDBOX_UNSAFE_SAMPLES = settings.DEBUG = True
    settings.SANDBOX = {**settings.SANDBOX, "least_tier": "A"}
    missing = {tiers.Tier.A: "no bubblewrap", tiers.Tier.B: "not root"}
    monkeypatch.setattr(tiers, "probe", lambda: tiers.Probe(missing, 7))
    assert not runtime.samples_run_unconfined()


@pytest.mark.django_db
def test_a_sample_is_published_and_a_strangers_bot_is_not(unsafe: None, author: User, moderator: User) -> None:
    assert approved_bot(author, moderator, MOMENTUM, name="Whatever it is called")
    assert isinstance(runtime.pool(), SamplePool)
    version = draft(author, SCRIPTED_BOT, name="Momentum")
    report = publishing.start_checks(version=version, actor=author)
    report = checks.run(report_id=report.pk)
    assert report.status == "failed"
    assert "the kernel has no Landlock" in str(report.checks)
    assert "only this project's own sample bots run" in str(report.checks)


# --- it cannot be on in production


@pytest.mark.parametrize("deploy", [False, True])
def test_with_debug_off_the_checks_fail(settings: Any, deploy: bool) -> None:
    settings.SANDBOX_UNSAFE_SAMPLES, settings.DEBUG = True, False
    with pytest.raises(SystemCheckError, match=r"bots\.E001.*SANDBOX_UNSAFE_SAMPLES is set, and DEBUG is off"):
        call_command("check", deploy=deploy)
    settings.DEBUG = True
    call_command("check", tags=["sandbox"])


@pytest.mark.parametrize(
    "program", [["-c", "import marketplace.wsgi"], ["-m", "celery", "--app", "marketplace", "worker", "--pool", "solo"]]
)
def test_with_debug_off_neither_web_nor_worker_starts(program: list[str], tmp_path: Path) -> None:
    environment = {**os.environ, "SANDBOX_UNSAFE_SAMPLES": "1", "DATA_DIR": str(tmp_path), "C_FORCE_ROOT": "1"}
    command = [sys.executable, *program]
    result = subprocess.run(command, cwd=project.BASE_DIR, env=environment, capture_output=True, text=True, timeout=60)
    assert result.returncode != 0
    assert "SANDBOX_UNSAFE_SAMPLES is set, and DEBUG is off" in result.stderr


# --- it is loud


@pytest.mark.django_db
def test_health_admin_pages_and_log_say_so(unsafe: None, client: Client, admin_user: User) -> None:
    said = client.get("/health").json()["sandbox"]
    assert said.startswith("UNSAFE: sample bots run WITHOUT A SANDBOX (SANDBOX_UNSAFE_SAMPLES)")
    assert "no Landlock" in said
    for page in ("/", "/accounts/login/"):
        assert "Unsafe: no sandbox" in client.get(page).content.decode()
    client.force_login(admin_user)
    index = client.get("/admin/").content.decode()
    assert 'class="errornote"' in index
    assert "WITHOUT A SANDBOX" in index
    with structlog.testing.capture_logs() as lines:
        warn_of_unsafe_samples()
    assert [(line["log_level"], line["setting"]) for line in lines] == [("warning", "SANDBOX_UNSAFE_SAMPLES")]


@pytest.mark.django_db
def test_nothing_is_said_where_bots_are_confined_or_refused(client: Client, admin_user: User, no_sandbox: None) -> None:
    assert client.get("/health").json()["sandbox"].startswith("refused: ")
    assert "Unsafe" not in client.get("/").content.decode()
    client.force_login(admin_user)
    assert "errornote" not in client.get("/admin/").content.decode()
    with structlog.testing.capture_logs() as lines:
        warn_of_unsafe_samples()
    assert lines == []
