"""Bots, their versions and files, and what was found out about them. How they change state: `publishing.py`."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.core.files.storage import storages
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bots.sandbox.types import PackageFile, manifest_hash


class Bot(models.Model):
    """What an author publishes. What runs is one of its versions."""

    class Type(models.TextChoices):
        TECHNICAL = "TECHNICAL", _("Technical")
        ML = "ML", _("Machine learning")
        DL = "DL", _("Deep learning")
        LLM = "LLM", _("Large language model")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="bots")
    name = models.CharField(max_length=80)
    summary = models.CharField(max_length=200, blank=True)
    description = models.TextField(max_length=20_000, blank=True)
    bot_type = models.CharField(max_length=10, choices=Type.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["author", "name"], name="bot_name_once_per_author")]
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def approved_version(self) -> BotVersion | None:
        """The newest approved version: what new subscriptions get."""
        versions = [v for v in self.versions.all() if v.status == BotVersion.Status.APPROVED]
        return max(versions, key=lambda v: v.number, default=None)

    @property
    def draft(self) -> BotVersion | None:
        return next((v for v in self.versions.all() if v.status == BotVersion.Status.DRAFT), None)

    @property
    def latest_version(self) -> BotVersion | None:
        return max(self.versions.all(), key=lambda v: v.number, default=None)


class BotVersion(models.Model):
    """One state of a bot's files. Immutable once submitted, and addressed by the SHA-256 over its files."""

    class Status(models.TextChoices):
        DRAFT = "DRAFT", _("Draft")
        SUBMITTED = "SUBMITTED", _("Waiting for a moderator")
        APPROVED = "APPROVED", _("Approved")
        REJECTED = "REJECTED", _("Rejected")
        SUSPENDED = "SUSPENDED", _("Suspended")

    bot = models.ForeignKey(Bot, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    content_hash = models.CharField(max_length=64, blank=True, help_text=_("SHA-256 over all files; empty in a draft"))
    # What the bot's class says of itself, read in the sandbox by the checks.
    class_name = models.CharField(max_length=100, blank=True)
    config_schema = models.JSONField(default=dict, blank=True)
    default_config = models.JSONField(default=dict, blank=True)
    warmup_candles = models.PositiveIntegerField(default=200)
    created_at = models.DateTimeField(auto_now_add=True)
    submitted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bot", "number"], name="version_number_once_per_bot"),
            models.UniqueConstraint(fields=["bot"], condition=Q(status="DRAFT"), name="one_draft_per_bot"),
        ]
        ordering = ["bot", "-number"]
        permissions = [("moderate_botversion", "Can approve, reject and suspend versions")]

    def __str__(self) -> str:
        return f"{self.bot.name} v{self.number}"

    @property
    def is_editable(self) -> bool:
        return self.status == self.Status.DRAFT

    def manifest(self) -> tuple[PackageFile, ...]:
        """The files as the sandbox knows them, by name."""
        return tuple(file.package_file() for file in sorted(self.files.all(), key=lambda file: file.name))

    def computed_hash(self) -> str:
        """SHA-256 over the manifest: a change of any file, its name, key or framework changes it."""
        return manifest_hash(self.manifest())


def bot_file_storage() -> Any:
    return storages["bot_files"]


def content_path(instance: BotFile, _filename: str) -> str:
    """By content: two equal files share one object, and a stored object never changes."""
    return f"{instance.sha256[:2]}/{instance.sha256}"


class BotFile(models.Model):
    """One file of a version: code, a model, weights, configuration or data."""

    class Type(models.TextChoices):
        CODE = "CODE", _("Code")
        MODEL = "MODEL", _("Model")
        WEIGHTS = "WEIGHTS", _("Weights")
        CONFIG = "CONFIG", _("Configuration")
        DATA = "DATA", _("Data")

    class Framework(models.TextChoices):
        NONE = "", _("None")
        SKLEARN = "SKLEARN", "scikit-learn"
        XGBOOST = "XGBOOST", "XGBoost"
        LIGHTGBM = "LIGHTGBM", "LightGBM"
        ONNX = "ONNX", "ONNX"
        PYTORCH = "PYTORCH", "PyTorch"
        KERAS = "KERAS", "Keras"

    version = models.ForeignKey(BotVersion, on_delete=models.CASCADE, related_name="files")
    file_type = models.CharField(max_length=8, choices=Type.choices)
    name = models.CharField(max_length=100)
    key = models.CharField(max_length=50, blank=True, help_text=_("The bot finds it as config['models'][key]"))
    model_framework = models.CharField(max_length=10, choices=Framework.choices, default="", blank=True)
    model_type = models.CharField(max_length=50, blank=True)
    description = models.CharField(max_length=500, blank=True)
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    file = models.FileField(upload_to=content_path, storage=bot_file_storage, max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "name"], name="file_name_once_per_version"),
            models.UniqueConstraint(fields=["version", "key"], condition=~Q(key=""), name="file_key_once_per_version"),
        ]
        ordering = ["file_type", "name"]

    def __str__(self) -> str:
        return self.name

    def package_file(self) -> PackageFile:
        return PackageFile(
            name=self.name,
            file_type=self.file_type,
            key=self.key,
            framework=self.model_framework,
            sha256=self.sha256,
        )


class ValidationReport(models.Model):
    """The checks of one content of a version: what passed, and the evidence."""

    class Status(models.TextChoices):
        RUNNING = "running", _("Running")
        PASSED = "passed", _("Passed")
        FAILED = "failed", _("Failed")

    version = models.ForeignKey(BotVersion, on_delete=models.CASCADE, related_name="reports")
    content_hash = models.CharField(max_length=64)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.RUNNING)
    progress_pct = models.PositiveSmallIntegerField(default=0)
    checks = models.JSONField(default=list, help_text=_("[{name, outcome, evidence, fix}]"))
    decisions = models.JSONField(default=list, help_text=_("the last five: [{time, action, price, reason}]"))
    log = models.TextField(blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.version}: {self.status}"


class VersionEvent(models.Model):
    """Who moved a version to which state, and why. Rows are only ever added."""

    version = models.ForeignKey(BotVersion, on_delete=models.CASCADE, related_name="events")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=BotVersion.Status.choices)
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.version}: {self.status}"
