"""Moderation: the queue of submitted versions, their files and reports; approve, reject, suspend with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import BaseModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from bots import publishing
from bots.errors import BotError
from bots.models import Bot, BotFile, BotVersion, ValidationReport, VersionEvent

Status = BotVersion.Status

# action -> (label, service, statuses in which it is offered, whether a reason is needed)
MODERATION: dict[str, tuple[Any, Callable[..., BotVersion], tuple[str, ...], bool]] = {
    "approve": (_("Approve"), publishing.approve, (Status.SUBMITTED,), False),
    "reject": (_("Reject"), publishing.reject, (Status.SUBMITTED,), True),
    "suspend": (_("Suspend"), publishing.suspend, (Status.APPROVED,), True),
    "reinstate": (_("Reinstate"), publishing.reinstate, (Status.SUSPENDED,), True),
}


class ReadOnly(BaseModelAdmin):
    """Shown to whoever moderates, never edited: rows change through services only."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(publishing.MODERATE) or super().has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class FileInline(ReadOnly, admin.TabularInline):
    model = BotFile
    fields = ["name", "file_type", "key", "model_framework", "size_bytes", "sha256"]
    readonly_fields = ["name", "file_type", "key", "model_framework", "size_bytes", "sha256"]
    extra = 0


class ReportInline(ReadOnly, admin.TabularInline):
    model = ValidationReport
    fields = ["status", "content_hash", "verdicts", "started_at", "finished_at"]
    readonly_fields = ["status", "content_hash", "verdicts", "started_at", "finished_at"]
    extra = 0

    @admin.display(description=_("checks"))
    def verdicts(self, report: ValidationReport) -> str:
        return "; ".join(f"{check['name']}: {check['outcome']}" for check in report.checks)


class EventInline(ReadOnly, admin.TabularInline):
    model = VersionEvent
    fields = ["created_at", "actor", "status", "reason"]
    readonly_fields = ["created_at", "actor", "status", "reason"]
    extra = 0


class ReasonForm(forms.Form):
    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 4}), max_length=2000, required=False)


@admin.register(BotVersion)
class BotVersionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["bot", "number", "status", "author", "bot_type", "submitted_at"]
    list_filter = ["status", "bot__bot_type"]
    search_fields = ["bot__name", "bot__author__username", "content_hash"]
    list_select_related = ["bot__author"]
    ordering = ["submitted_at"]  # the oldest request first
    inlines = [ReportInline, FileInline, EventInline]
    change_form_template = "admin/bots/botversion/change_form.html"

    @admin.display(description=_("author"), ordering="bot__author__username")
    def author(self, version: BotVersion) -> str:
        return version.bot.author.get_username()

    @admin.display(description=_("type"), ordering="bot__bot_type")
    def bot_type(self, version: BotVersion) -> str:
        return version.bot.get_bot_type_display()

    def get_urls(self) -> list[URLPattern]:
        moderate = self.admin_site.admin_view(self.moderate_view)
        return [
            path("<int:pk>/moderate/<str:action>/", moderate, name="bots_botversion_moderate"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        version = self.get_object(request, object_id)
        offered = [
            (action, label)
            for action, (label, _service, statuses, _reason) in MODERATION.items()
            if version is not None and version.status in statuses
        ]
        context = {**(extra_context or {}), "moderation": offered}
        return super().change_view(request, object_id, form_url, context)

    def moderate_view(self, request: HttpRequest, pk: int, action: str) -> HttpResponse:
        """Ask for the reason, then call the service."""
        if not request.user.has_perm(publishing.MODERATE):
            raise PermissionDenied
        if action not in MODERATION:
            return HttpResponseRedirect(reverse("admin:bots_botversion_change", args=[pk]))
        label, service, _statuses, needs_reason = MODERATION[action]
        version = get_object_or_404(BotVersion.objects.select_related("bot"), pk=pk)
        form = ReasonForm(request.POST if request.method == "POST" else None)
        form.fields["reason"].required = needs_reason
        if request.method == "POST" and form.is_valid():
            try:
                service(version=version, actor=request.user, reason=form.cleaned_data["reason"])
            except BotError as error:
                self.message_user(request, error.message, messages.ERROR)
            else:
                self.message_user(request, f"{version}: {version.get_status_display()}.", messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:bots_botversion_change", args=[pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": f"{label}: {version}",
            "label": label,
            "version": version,
            "form": form,
            "opts": self.model._meta,
        }
        return TemplateResponse(request, "admin/bots/botversion/moderate.html", context)


class VersionInline(ReadOnly, admin.TabularInline):
    model = BotVersion
    fields = ["number", "status", "content_hash", "submitted_at"]
    readonly_fields = ["number", "status", "content_hash", "submitted_at"]
    extra = 0
    show_change_link = True


@admin.register(Bot)
class BotAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["name", "author", "bot_type", "created_at"]
    list_filter = ["bot_type"]
    search_fields = ["name", "author__username"]
    inlines = [VersionInline]
