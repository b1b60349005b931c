"""Who may see which bots."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from bots.models import Bot, BotVersion
from bots.publishing import MODERATE


def bots_with_versions() -> QuerySet[Bot]:
    return Bot.objects.select_related("author").prefetch_related(
        Prefetch("versions", queryset=BotVersion.objects.order_by("-number"))
    )


def visible_bots(user: Any) -> QuerySet[Bot]:
    """Bots in the market, plus the user's own, plus all for a moderator."""
    bots = bots_with_versions()
    if user.is_authenticated and user.has_perm(MODERATE):
        return bots
    in_market = Exists(BotVersion.objects.filter(bot=OuterRef("pk"), status=BotVersion.Status.APPROVED))
    own = Q(author=user) if user.is_authenticated else Q(pk__isnull=True)
    return bots.filter(in_market | own)


def market_bots() -> QuerySet[Bot]:
    """Bots that can be subscribed to."""
    approved = BotVersion.objects.filter(bot=OuterRef("pk"), status=BotVersion.Status.APPROVED)
    return bots_with_versions().filter(Exists(approved))


def may_read_files(user: Any, bot: Bot) -> bool:
    """Code and models are their author's property: only the author and moderators see them."""
    return user.is_authenticated and (bot.author_id == user.pk or user.has_perm(MODERATE))
