"""REST endpoints of bots: publish, check, submit, moderate, browse."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, cast

import django_filters
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from bots import publishing
from bots.models import Bot, BotVersion, ValidationReport
from bots.queries import may_read_files, visible_bots
from bots.serializers import (
    BotFileSerializer,
    BotSerializer,
    BotVersionSerializer,
    ReasonSerializer,
    ReportSerializer,
    UploadSerializer,
)
from bots.tasks import run_checks
from bots.uploads import BotFileParser

# How long a submit waits for its checks before it answers; they go on in the worker either way.
SUBMIT_WAIT_SECONDS = 15.0


class BotFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(method="filter_search", label="words in name, summary or author")
    bot_type = django_filters.ChoiceFilter(choices=Bot.Type.choices)
    author = django_filters.CharFilter(field_name="author__username")
    mine = django_filters.BooleanFilter(method="filter_mine", label="only my own")
    ordering = django_filters.OrderingFilter(fields=["created_at", "name"])

    class Meta:
        model = Bot
        fields: list[str] = []

    def filter_search(self, bots: QuerySet[Bot], name: str, value: str) -> QuerySet[Bot]:
        for word in value.split():
            bots = bots.filter(
                Q(name__icontains=word) | Q(summary__icontains=word) | Q(author__username__icontains=word)
            )
        return bots

    def filter_mine(self, bots: QuerySet[Bot], name: str, value: bool) -> QuerySet[Bot]:
        if not self.request.user.is_authenticated:
            return bots.none() if value else bots
        return bots.filter(author=self.request.user) if value else bots


class BotViewSet(mixins.ListModelMixin, mixins.CreateModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    serializer_class = BotSerializer
    permission_classes = [IsAuthenticatedOrReadOnly]
    filterset_class = BotFilter
    lookup_url_kwarg = "bot_id"
    lookup_value_converter = "uuid"
    throttle_scope: str | None = None  # set by the actions that make the sandbox work

    @property
    def user(self) -> User:
        """Who asks, where the permissions have let only a logged-in user pass."""
        return cast("User", self.request.user)

    def get_queryset(self) -> QuerySet[Bot]:
        return visible_bots(self.request.user)

    def perform_create(self, serializer: Any) -> None:
        serializer.instance = publishing.create_bot(author=self.user, **serializer.validated_data)

    @extend_schema(request={"multipart/form-data": UploadSerializer}, responses={201: BotFileSerializer})
    @action(detail=True, methods=["post"], url_path="upload-file", parser_classes=[BotFileParser])
    def upload_file(self, request: Request, bot_id: Any = None) -> Response:
        """Add a file to the draft, or replace the one of the same name."""
        form = UploadSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        fields = dict(form.validated_data)
        file = publishing.add_file(
            version=publishing.draft_of(self.get_object()),
            actor=self.user,
            upload=fields.pop("file"),
            key=fields.pop("name"),
            **fields,
        )
        return Response(BotFileSerializer(file).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=BotFileSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None, filterset_class=None)
    def files(self, request: Request, bot_id: Any = None) -> Response:
        """The files of the newest version. Only for the author and moderators."""
        version = self._version_for_reading()
        return Response(BotFileSerializer(version.files.all(), many=True).data)

    @extend_schema(request=None, responses={202: ReportSerializer})
    @action(detail=True, methods=["post"], throttle_scope="validation")
    def test(self, request: Request, bot_id: Any = None) -> Response:
        """Start the checks of the draft; poll `report` for the outcome."""
        report = publishing.start_checks(version=publishing.draft_of(self.get_object()), actor=self.user)
        run_checks.delay(report.pk)
        return Response(ReportSerializer(report).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(responses=ReportSerializer, filters=False)
    @action(detail=True, methods=["get"], filterset_class=None)
    def report(self, request: Request, bot_id: Any = None) -> Response:
        """The newest report of the newest version."""
        report = self._version_for_reading().reports.select_related("version").first()
        if report is None:
            raise Http404
        return Response(ReportSerializer(report).data)

    @extend_schema(request=None, responses=BotVersionSerializer)
    @action(detail=True, methods=["post"], throttle_scope="validation")
    def submit(self, request: Request, bot_id: Any = None) -> Response:
        """Freeze the draft and ask for approval. Runs the checks unless they passed on the same files already."""
        version = publishing.draft_of(self.get_object())
        publishing.submit(version=version, actor=self.user)
        if publishing.passed_report(version) is None:
            report = publishing.start_checks(version=version, actor=self.user)
            run_checks.delay(report.pk)
            _wait_for(report)
        version.refresh_from_db()
        return Response(BotVersionSerializer(version).data)

    @extend_schema(request=None, responses={201: BotVersionSerializer})
    @action(detail=True, methods=["post"], url_path="new-version")
    def new_version(self, request: Request, bot_id: Any = None) -> Response:
        """Start the next draft from the files of the newest version."""
        version = publishing.new_version(bot=self.get_object(), actor=self.user)
        return Response(BotVersionSerializer(version).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=ReasonSerializer, responses=BotVersionSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, bot_id: Any = None) -> Response:
        """Moderators: open the submitted version to subscribers."""
        return self._moderate(request, publishing.approve, BotVersion.Status.SUBMITTED)

    @extend_schema(request=ReasonSerializer, responses=BotVersionSerializer)
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, bot_id: Any = None) -> Response:
        """Moderators: send the submitted version back, with a reason."""
        return self._moderate(request, publishing.reject, BotVersion.Status.SUBMITTED)

    def _moderate(self, request: Request, service: Callable[..., BotVersion], needed: str) -> Response:
        form = ReasonSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        versions = self.get_object().versions.all()
        version = next((v for v in versions if v.status == needed), None) or versions[0]
        service(version=version, actor=self.user, reason=form.validated_data["reason"])
        return Response(BotVersionSerializer(version).data)

    def _version_for_reading(self) -> BotVersion:
        bot = self.get_object()
        if not may_read_files(self.request.user, bot):
            raise publishing.NotAllowed("Only the author and moderators may see this.")
        return bot.versions.all()[0]


def _wait_for(report: ValidationReport) -> None:
    """Give the checks a moment, so that most authors get the outcome with the answer."""
    deadline = time.monotonic() + SUBMIT_WAIT_SECONDS
    while time.monotonic() < deadline:
        report.refresh_from_db(fields=["status"])
        if report.status != ValidationReport.Status.RUNNING:
            return
        time.sleep(0.2)
