"""What runs is what was approved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User

from bots import runtime
from bots.errors import BotError
from bots.models import BotFile, BotVersion
from bots.sandbox.types import AskRequest
from tests.factories import approved_bot

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(author: User, moderator: User) -> BotVersion:
    return BotVersion.objects.get(bot=approved_bot(author, moderator))


def ask(version: BotVersion) -> Any:
    times = np.arange(5, dtype=np.int64) * 60_000_000_000
    [outcome] = runtime.ask(
        version=version,
        requests=[AskRequest("1", {"script": "B"}, {}, times, np.full((5, 5), 100.0))],
    )
    return outcome


def test_files_changed_in_the_cache_are_fetched_anew(version: BotVersion) -> None:
    laid_out = runtime.package(version).folder / "bot.py"
    runtime.pool().close()
    laid_out.chmod(0o644)
    laid_out.write_text("raise SystemExit('somebody was here')")
    assert ask(version).action.action == "BUY"
    assert "somebody" not in laid_out.read_text()


def test_a_version_whose_files_are_not_what_was_submitted_does_not_run(version: BotVersion) -> None:
    BotFile.objects.filter(version=version).update(sha256="0" * 64)
    with pytest.raises(BotError, match="not what was submitted"):
        ask(version)


def test_bytes_changed_in_the_storage_are_noticed(version: BotVersion) -> None:
    import shutil
    from pathlib import Path

    shutil.rmtree(runtime.package(version).folder)
    stored = Path(version.files.get().file.path)
    stored.write_text("print('not what was uploaded')")
    try:
        with pytest.raises(BotError, match="hash differs"):
            runtime.package(version)
    finally:
        stored.unlink()  # other tests share equal files
