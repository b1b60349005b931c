"""What subscriptions have shown about a bot: counts and dates by kind of money, for the market and the bot's page.

Kept to what can be said truthfully in one line. A return belongs beside its drawdown and its span, so none is here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Min

from bots.models import Bot, BotVersion

# Strongest first. The words are those of a subscription's mode.
MODES = ("live", "testnet", "paper")


@dataclass(slots=True)
class Record:
    """Everything that subscriptions of one mode did with one bot."""

    mode: str
    running: int = 0  # people who run it now
    trades: int = 0  # closed ones
    first_trade_at: datetime | None = None
    last_trade_at: datetime | None = None


@dataclass(slots=True)
class Evidence:
    """A bot's records by mode, all three of them, strongest first."""

    records: dict[str, Record] = field(default_factory=lambda: {mode: Record(mode) for mode in MODES})

    @property
    def shown(self) -> list[Record]:
        """Those with a trade."""
        return [record for record in self.records.values() if record.trades]

    @property
    def running(self) -> int:
        return sum(record.running for record in self.records.values())


def evidence_of(bots: Iterable[Bot]) -> dict[Any, Evidence]:
    """By bot id; every bot has an entry. Two queries, however many bots."""
    found: dict[Any, Evidence] = defaultdict(Evidence)
    ids = [bot.pk for bot in bots]
    versions = BotVersion.objects.filter(bot__in=ids).order_by()
    # The filter goes before the values: after them it would join the subscriptions a second time.
    running = (
        versions.filter(subscriptions__status="RUNNING")
        .values_list("bot_id", "subscriptions__mode")
        .annotate(Count("subscriptions__user", distinct=True))
    )
    for bot_id, mode, people in running:
        found[bot_id].records[mode].running = people
    trades = (
        versions.filter(subscriptions__trades__isnull=False)
        .values_list("bot_id", "subscriptions__mode")
        .annotate(
            Count("subscriptions__trades"),
            Min("subscriptions__trades__opened_at"),
            Max("subscriptions__trades__closed_at"),
        )
    )
    for bot_id, mode, count, first, last in trades:
        record = found[bot_id].records[mode]
        record.trades, record.first_trade_at, record.last_trade_at = count, first, last
    return {bot_id: found[bot_id] for bot_id in ids}
