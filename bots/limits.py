"""What a bot may use, in words and with units: shown to authors, taken from settings.SANDBOX."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from bots.sandbox.types import Limits


@dataclass(frozen=True, slots=True)
class Limit:
    name: str
    value: float
    unit: str
    meaning: Any


# name in settings.SANDBOX -> (unit, what it limits)
SHOWN = {
    "start_up_seconds": ("seconds", _("to load the bot and its models")),
    "wall_seconds": ("seconds", _("for one call of analyze_market")),
    "ask_seconds": ("seconds", _("for all calls at one candle")),
    "cpu_seconds": ("seconds", _("of processor time, before the bot is loaded anew")),
    "memory_bytes": ("bytes", _("of memory beyond the libraries'")),
    "threads": ("threads", _("at most, the first included")),
    "reply_bytes": ("bytes", _("for one answer")),
    "state_bytes": ("bytes", _("for self.state as JSON")),
    "log_bytes": ("bytes", _("kept of what one call prints")),
}


def limits() -> list[Limit]:
    configured = Limits(**settings.SANDBOX)
    return [Limit(name, getattr(configured, name), unit, meaning) for name, (unit, meaning) in SHOWN.items()]
