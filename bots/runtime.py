"""From a stored version to a question in the sandbox: its files are laid out once, checked against their hashes."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from bots.errors import BotError
from bots.models import BotFile, BotVersion
from bots.sandbox import tiers
from bots.sandbox.host import WorkerPool
from bots.sandbox.types import AskRequest, BotPackage, Limits, Outcome, PackageMismatch

if TYPE_CHECKING:
    from bots.sandbox.unsafe import SamplePool

_pool: WorkerPool | SamplePool | None = None


def pool() -> WorkerPool | SamplePool:
    """This process's workers. Made at the first use, so that it is never shared across a fork."""
    global _pool
    if _pool is None:
        _pool = _sample_pool() if samples_run_unconfined() else WorkerPool(Limits(**settings.SANDBOX))
    return _pool


def samples_run_unconfined() -> bool:
    """Whether sample bots, and no others, run without a sandbox: never in production, nor where one can be made."""
    return bool(settings.SANDBOX_UNSAFE_SAMPLES and settings.DEBUG and tiers.probe().tier is None)


def _sample_pool() -> SamplePool:
    from bots.sandbox.unsafe import SamplePool  # it brings pandas, which no other part of the host needs

    return SamplePool()


def ask(*, version: BotVersion, requests: list[AskRequest]) -> list[Outcome]:
    """Ask one version about several streams at once. Raises SandboxUnavailable."""
    try:
        return pool().ask(package(version), requests)
    except PackageMismatch:
        # Somebody or something changed the laid-out files since: fetch them anew, and let the sandbox look again.
        shutil.rmtree(package(version).folder, ignore_errors=True)
        return pool().ask(package(version), requests)


def package(version: BotVersion) -> BotPackage:
    """The version's files in a folder named by their common hash, fetched from storage if they are not there yet.

    What is fetched is checked against the hashes that were approved, and the sandbox checks again before it loads them.
    """
    manifest = version.manifest()
    content_hash = version.computed_hash()
    if version.content_hash and version.content_hash != content_hash:
        raise BotError(f"{version} is not what was submitted: its files have another hash.")
    folder = Path(settings.BOT_CACHE_DIR) / content_hash
    if not folder.is_dir():
        _lay_out(version, folder)
    return BotPackage(content_hash=content_hash, folder=folder, manifest=manifest)


def _lay_out(version: BotVersion, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o711)
    draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".draft-"))
    try:
        for file in version.files.all():
            _fetch(file, draft / file.name)
        draft.chmod(0o755)  # the sandbox may read it under a uid of its own
        os.rename(draft, folder)
    except OSError:
        # Another process may have finished first: its folder has the same name because it has the same content.
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _fetch(file: BotFile, target: Path) -> None:
    digest = hashlib.sha256()
    with file.file.open("rb") as source, target.open("wb") as copy:
        for chunk in source.chunks():
            digest.update(chunk)
            copy.write(chunk)
    if digest.hexdigest() != file.sha256:
        raise BotError(f"{file.name} in the storage is not what was uploaded: its hash differs.")
    target.chmod(0o644)
