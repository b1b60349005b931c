"""The admin site: for moderators and staff."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.template.response import TemplateResponse

from marketplace.health import sandbox


class MarketplaceAdminSite(AdminSite):
    site_header = "Trading Bot Marketplace"
    site_title = "Moderation"
    index_title = "Moderation and operation"
    index_template = "admin/marketplace_index.html"

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().index(request, {**(extra_context or {}), "sandbox": sandbox()})
