"""JSON of bots, versions, files and reports."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from bots.models import Bot, BotFile, BotVersion, ValidationReport


class BotVersionSerializer(serializers.ModelSerializer):
    class Meta:
        model = BotVersion
        fields = [
            "number",
            "status",
            "content_hash",
            "config_schema",
            "default_config",
            "warmup_candles",
            "created_at",
            "submitted_at",
        ]
        read_only_fields = fields


class BotSerializer(serializers.ModelSerializer):
    bot_id = serializers.UUIDField(source="id", read_only=True)
    author = serializers.CharField(source="author.username", read_only=True)
    status = serializers.SerializerMethodField(help_text="Status of the newest version")
    version = serializers.SerializerMethodField(help_text="What new subscriptions get; null while none is approved")

    class Meta:
        model = Bot
        fields = [
            "id",
            "bot_id",
            "name",
            "summary",
            "description",
            "bot_type",
            "author",
            "status",
            "version",
            "created_at",
        ]
        read_only_fields = ["id", "created_at"]

    def get_status(self, bot: Bot) -> str | None:
        latest = bot.latest_version
        return latest.status if latest else None

    def get_version(self, bot: Bot) -> dict[str, Any] | None:
        version = bot.approved_version
        return dict(BotVersionSerializer(version).data) if version else None


class UploadSerializer(serializers.Serializer):
    """The fields of a file upload."""

    file = serializers.FileField(allow_empty_file=True, help_text="one file, sent as multipart/form-data")
    file_type = serializers.ChoiceField(choices=BotFile.Type.choices)
    name = serializers.RegexField(
        r"^[A-Za-z_][A-Za-z0-9_]{0,49}$",
        required=False,
        allow_blank=True,
        default="",
        help_text="the key in config['models']; default: the file type, or SCALER for a file named scaler",
        error_messages={"invalid": "A name may hold letters, digits and underscore, up to 50 characters."},
    )
    model_framework = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=20,
        help_text="of a model: SKLEARN, XGBOOST, LIGHTGBM, ONNX, PYTORCH, KERAS; default: as its content shows",
    )
    model_type = serializers.CharField(required=False, allow_blank=True, default="", max_length=50)
    description = serializers.CharField(required=False, allow_blank=True, default="", max_length=500)

    def to_internal_value(self, data: Any) -> Any:
        if "file_type" in data:
            data = data.copy()
            data["file_type"] = str(data["file_type"]).upper()
        return super().to_internal_value(data)


class BotFileSerializer(serializers.ModelSerializer):
    checksum = serializers.CharField(source="sha256", read_only=True, help_text="SHA-256")

    class Meta:
        model = BotFile
        fields = [
            "id",
            "name",
            "file_type",
            "key",
            "model_framework",
            "model_type",
            "description",
            "size_bytes",
            "checksum",
            "created_at",
        ]
        read_only_fields = fields


class CheckSerializer(serializers.Serializer):
    name = serializers.CharField()
    outcome = serializers.ChoiceField(choices=["passed", "warning", "failed"])
    evidence = serializers.CharField()
    fix = serializers.CharField()


class CheckedDecisionSerializer(serializers.Serializer):
    time = serializers.DateTimeField()
    action = serializers.CharField()
    price = serializers.CharField()
    reason = serializers.CharField()


class ReportSerializer(serializers.ModelSerializer):
    version = serializers.IntegerField(source="version.number", read_only=True)
    checks = CheckSerializer(many=True, read_only=True)
    decisions = CheckedDecisionSerializer(many=True, read_only=True)

    class Meta:
        model = ValidationReport
        fields = [
            "version",
            "content_hash",
            "status",
            "progress_pct",
            "checks",
            "decisions",
            "log",
            "started_at",
            "finished_at",
        ]
        read_only_fields = fields


class ReasonSerializer(serializers.Serializer):
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=2000)
