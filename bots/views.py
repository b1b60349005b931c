"""Pages about bots: the market, and one bot."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from bots.api import BotFilter
from bots.evidence import evidence_of
from bots.models import Bot, BotVersion, ValidationReport
from bots.parameters import parameters_of
from bots.publishing import passed_report
from bots.queries import market_bots, may_read_files, visible_bots

BOTS_PER_PAGE = 24
SORTS = {"-created_at": _("Newest"), "name": _("Name"), "-running": _("Most run")}
DEFAULT_SORT = "-created_at"

# What it means for a subscriber that a check passed; `bots/validation` names the checks.
CHECKS_IN_WORDS = {
    "files": _("Its files are of allowed kinds and sizes"),
    "syntax": _("Its code compiles"),
    "structure": _("It loads in the sandbox and defines one bot"),
    "config_schema": _("Its parameters are described, and their defaults fit the description"),
    "models": _("Its models load from the uploaded files"),
    "runs": _("It answers at every candle of a test market, within its limits of time and memory"),
}
OUTCOMES = {"passed": _("Passed"), "warning": _("Passed with a warning"), "failed": _("Failed")}


@require_safe
def market(request: HttpRequest) -> HttpResponse:
    """Bots to choose from. Search, filter, sort and page are in the address, in the API's words."""
    search = request.GET.get("search", "").strip()
    found = BotFilter({"search": search}, queryset=market_bots(), request=request).qs
    chosen_type = request.GET.get("bot_type", "")
    if chosen_type not in Bot.Type.values:
        chosen_type = ""
    sort = request.GET.get("ordering", "")
    if sort not in SORTS:
        sort = DEFAULT_SORT
    bots = found.filter(bot_type=chosen_type) if chosen_type else found
    page = Paginator(_sorted(bots, sort), BOTS_PER_PAGE).get_page(request.GET.get("page"))
    evidence = evidence_of(page.object_list)
    context = {
        "search": search,
        "chosen_type": chosen_type,
        "types": _types_with_counts(found),
        "sort": sort,
        "sorts": SORTS,
        "page": page,
        "cards": [(bot, evidence[bot.pk]) for bot in page.object_list],
    }
    return render(request, "bots/market.html", context)


def _sorted(bots: QuerySet[Bot], sort: str) -> QuerySet[Bot]:
    if sort == "-running":
        runs = Q(versions__subscriptions__status="RUNNING")
        bots = bots.annotate(running=Count("versions__subscriptions__user", filter=runs, distinct=True))
    return bots.order_by(sort, "-created_at", "pk")


def _types_with_counts(bots: QuerySet[Bot]) -> list[dict[str, Any]]:
    """For the filter: each type with its number of bots. One query."""
    rows = bots.prefetch_related(None).order_by().values_list("bot_type").annotate(Count("pk"))
    counts = dict(rows)
    return [{"value": value, "label": label, "count": counts.get(value, 0)} for value, label in Bot.Type.choices]


@require_safe
def detail(request: HttpRequest, bot_id: UUID) -> HttpResponse:
    """One bot: what it is, what is known about it, and the way to a subscription."""
    bot = get_object_or_404(visible_bots(request.user), pk=bot_id)
    sees_everything = may_read_files(request.user, bot)
    version = bot.approved_version or bot.latest_version
    report = passed_report(version) if version else None
    context = {
        "bot": bot,
        "version": version,
        "can_subscribe": bot.approved_version is not None,
        "sees_everything": sees_everything,
        "parameters": parameters_of(version) if version else [],
        "report": report,
        "checks": _checks_in_words(report),
        "versions": _version_history(bot, everything=sees_everything),
        "evidence": evidence_of([bot])[bot.pk],
    }
    return render(request, "bots/detail.html", context)


def _checks_in_words(report: ValidationReport | None) -> list[dict[str, Any]]:
    return [
        {
            "words": CHECKS_IN_WORDS.get(check.get("name", ""), check.get("name", "").replace("_", " ")),
            "outcome": check.get("outcome", ""),
            "outcome_words": OUTCOMES.get(check.get("outcome", ""), check.get("outcome", "")),
            "evidence": check.get("evidence", ""),
        }
        for check in (report.checks if report else [])
    ]


def _version_history(bot: Bot, *, everything: bool) -> list[BotVersion]:
    """Newest first. Drafts and what was sent back are between the author and the moderators."""
    public = (BotVersion.Status.APPROVED, BotVersion.Status.SUSPENDED)
    versions = bot.versions.order_by("-number").prefetch_related("events__actor")
    return list(versions if everything else versions.filter(status__in=public))
