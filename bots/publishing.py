"""The life of a bot version: the only code that changes its files or its status.

    DRAFT --submit--> SUBMITTED --approve--> APPROVED <--reinstate-- SUSPENDED
                          \\----reject----> REJECTED      --suspend-->

A version that left DRAFT never changes again; `new_version` starts the next draft from its files.
"""

from __future__ import annotations

import hashlib
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from bot_sdk.files import default_key
from bots.errors import BotError, FileTooLarge, InvalidBotFile, InvalidTransition, NotAllowed
from bots.models import Bot, BotFile, BotVersion, ValidationReport, VersionEvent
from bots.uploads import check_framework, check_name

Status = BotVersion.Status
MODERATE = "bots.moderate_botversion"


@transaction.atomic
def create_bot(*, author: User, name: str, bot_type: str, summary: str = "", description: str = "") -> Bot:
    """A bot with its first draft."""
    if Bot.objects.filter(author=author, name=name).exists():
        raise BotError(f"You already have a bot named “{name}”.", field="name")
    bot = Bot.objects.create(author=author, name=name, bot_type=bot_type, summary=summary, description=description)
    BotVersion.objects.create(bot=bot, number=1)
    return bot


@transaction.atomic
def new_version(*, bot: Bot, actor: User) -> BotVersion:
    """The next draft, with the files of the latest version."""
    _require_author(bot, actor)
    latest = bot.versions.order_by("-number").prefetch_related("files").first()
    if latest is not None and latest.status == Status.DRAFT:
        raise InvalidTransition(f"Version {latest.number} is still a draft: change that one.")
    draft = BotVersion.objects.create(bot=bot, number=latest.number + 1 if latest else 1)
    for file in latest.files.all() if latest else ():
        file.pk = None
        file.version = draft
        file._state.adding = True
        file.save()
    return draft


def draft_of(bot: Bot) -> BotVersion:
    """The version that may be changed. Raises InvalidTransition when there is none."""
    draft = bot.versions.filter(status=Status.DRAFT).first()
    if draft is None:
        raise InvalidTransition("This bot has no draft: submitted versions never change. Start a new version first.")
    return draft


def add_file(
    *,
    version: BotVersion,
    actor: User,
    upload: UploadedFile,
    file_type: str,
    key: str = "",
    model_framework: str = "",
    model_type: str = "",
    description: str = "",
) -> BotFile:
    """Store a file of the draft; one of the same name is replaced. Raises InvalidBotFile naming the field."""
    _require_author(version.bot, actor)
    name = check_name(upload.name or "", file_type)
    sha256, size = _digest(upload)
    _check_size(size, file_type)
    framework = check_framework(model_framework, file_type, cast("BinaryIO", upload))
    if file_type != BotFile.Type.CODE:
        key = key or default_key(file_type, name)
    elif key:
        raise InvalidBotFile("A code file has no key: the bot imports it.", field="name")

    with transaction.atomic():
        _lock_draft(version)
        others = version.files.exclude(name=name)
        if others.count() >= settings.BOT_FILES_MAX_COUNT:
            raise InvalidBotFile(f"A version holds at most {settings.BOT_FILES_MAX_COUNT} files.", field="file")
        if key and others.filter(key=key).exists():
            raise InvalidBotFile(
                f"Another file is already known to the bot as “{key}”: give this one another name.", field="name"
            )
        file = version.files.filter(name=name).first() or BotFile(version=version, name=name)
        file.file_type = file_type
        file.key = key
        file.model_framework = framework
        file.model_type = model_type
        file.description = description
        file.size_bytes = size
        file.sha256 = sha256
        storage = file.file.storage
        path = file.file.field.generate_filename(file, name)
        if storage.exists(path):  # the same bytes are there already
            file.file.name = path
        else:
            upload.seek(0)
            file.file.name = storage.save(path, upload)
        file.save()
    return file


def remove_file(*, file: BotFile, actor: User) -> None:
    """Take a file out of the draft. The stored bytes stay: other versions may hold the same ones."""
    _require_author(file.version.bot, actor)
    with transaction.atomic():
        _lock_draft(file.version)
        file.delete()


def start_checks(*, version: BotVersion, actor: User) -> ValidationReport:
    """A report in state `running` for the version's files as they are now; a worker fills it (`bots/tasks.py`)."""
    _require_author(version.bot, actor)
    if not version.files.filter(file_type=BotFile.Type.CODE).exists():
        raise InvalidBotFile("Upload the bot's code first: a CODE file that ends in .py.", field="file")
    return ValidationReport.objects.create(version=version, content_hash=version.computed_hash())


def finish_checks(
    *,
    report: ValidationReport,
    passed: bool,
    checks: list[dict[str, Any]],
    decisions: list[dict[str, Any]],
    log: str,
    description: dict[str, Any],
) -> None:
    """Write what a worker found. What the bot's class says of itself goes to the version if its files are the same."""
    with transaction.atomic():
        report.status = ValidationReport.Status.PASSED if passed else ValidationReport.Status.FAILED
        report.progress_pct = 100
        report.checks = checks
        report.decisions = decisions
        report.log = log
        report.finished_at = timezone.now()
        report.save()
        version = BotVersion.objects.select_for_update().get(pk=report.version_id)
        if description and version.computed_hash() == report.content_hash:
            version.class_name = description["class_name"]
            version.config_schema = description["config_schema"]
            version.default_config = description["default_config"]
            version.warmup_candles = description["warmup_candles"]
            version.save(update_fields=["class_name", "config_schema", "default_config", "warmup_candles"])


def passed_report(version: BotVersion) -> ValidationReport | None:
    """The newest report on exactly these files, if it passed."""
    content_hash = version.content_hash or version.computed_hash()
    report = version.reports.filter(content_hash=content_hash).first()
    return report if report is not None and report.status == ValidationReport.Status.PASSED else None


def submit(*, version: BotVersion, actor: User) -> BotVersion:
    """Freeze the draft and put it into the moderators' queue. The checks must pass before it can be approved."""
    _require_author(version.bot, actor)
    with transaction.atomic():
        _lock_draft(version)
        if not version.files.filter(file_type=BotFile.Type.CODE).exists():
            raise InvalidBotFile("Upload the bot's code first: a CODE file that ends in .py.", field="file")
        version.content_hash = version.computed_hash()
        version.submitted_at = timezone.now()
        version.save(update_fields=["content_hash", "submitted_at"])
        _move(version, {Status.DRAFT}, Status.SUBMITTED, actor=actor)
    return version


def approve(*, version: BotVersion, actor: User, reason: str = "") -> BotVersion:
    """Open the version to subscribers. Refused while its checks are not passed, and for one's own bot."""
    _require_moderator(version, actor)
    if version.status == Status.SUBMITTED and passed_report(version) is None:
        latest = version.reports.first()
        if latest is None or latest.status == ValidationReport.Status.RUNNING:
            raise InvalidTransition("The checks of this version are still running: try again in a moment.")
        raise InvalidTransition("The checks of this version failed: it can only be rejected.")
    return _move(version, {Status.SUBMITTED}, Status.APPROVED, actor=actor, reason=reason)


def reject(*, version: BotVersion, actor: User, reason: str) -> BotVersion:
    _require_moderator(version, actor)
    return _move(version, {Status.SUBMITTED}, Status.REJECTED, actor=actor, reason=_required(reason))


def suspend(*, version: BotVersion, actor: User, reason: str) -> BotVersion:
    """Take an approved version out of the market. Reversible; what it means for those who run it: `subscriptions`."""
    _require_moderator(version, actor)
    return _move(version, {Status.APPROVED}, Status.SUSPENDED, actor=actor, reason=_required(reason))


def reinstate(*, version: BotVersion, actor: User, reason: str) -> BotVersion:
    _require_moderator(version, actor)
    return _move(version, {Status.SUSPENDED}, Status.APPROVED, actor=actor, reason=_required(reason))


def _move(version: BotVersion, sources: set[str], target: str, *, actor: User, reason: str = "") -> BotVersion:
    """Change the status by one conditional UPDATE, so that of two clicks one wins, and record who did it."""
    with transaction.atomic():
        moved = BotVersion.objects.filter(pk=version.pk, status__in=sources).update(status=target)
        if not moved:
            version.refresh_from_db(fields=["status"])
            names = " or ".join(str(Status(source).label).lower() for source in sources)
            raise InvalidTransition(
                f"Version {version.number} is “{version.get_status_display()}”; this needs “{names}”."
            )
        VersionEvent.objects.create(version=version, actor=actor, status=target, reason=reason)
    version.status = target
    return version


def _lock_draft(version: BotVersion) -> None:
    """Hold the version's row until the end of the transaction, and make sure that it is still a draft."""
    status = BotVersion.objects.select_for_update().values_list("status", flat=True).get(pk=version.pk)
    if status != Status.DRAFT:
        raise InvalidTransition(
            f"Version {version.number} is “{Status(status).label}” and cannot change: start a new version."
        )


def _require_author(bot: Bot, actor: User) -> None:
    if bot.author_id != actor.pk:
        raise NotAllowed("Only the author may change this bot.")


def _require_moderator(version: BotVersion, actor: User) -> None:
    if not actor.has_perm(MODERATE):
        raise NotAllowed("Only moderators may do this.")
    if version.bot.author_id == actor.pk:
        raise NotAllowed("Nobody moderates their own bot: ask another moderator.")


def _required(reason: str) -> str:
    if not reason.strip():
        raise BotError("Give a reason: the author reads it.", field="reason")
    return reason.strip()


def _digest(upload: UploadedFile) -> tuple[str, int]:
    digest = hashlib.sha256()
    size = 0
    for chunk in upload.chunks():
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size


def _check_size(size: int, file_type: str) -> None:
    if size == 0:
        raise InvalidBotFile("The file is empty.", field="file")
    cap = settings.BOT_CODE_MAX_BYTES if file_type == BotFile.Type.CODE else settings.BOT_FILE_MAX_BYTES
    if size > cap:
        raise FileTooLarge(
            f"A {file_type} file may have at most {cap // 1024} KB; this one has {size // 1024} KB.", field="file"
        )
