"""What beat runs and when: rows of django-celery-beat, made once and then the admin's to edit."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

# minute, hour of the candle's close in UTC
CLOSES = {
    "1m": ("*", "*"),
    "5m": ("*/5", "*"),
    "15m": ("*/15", "*"),
    "1h": ("0", "*"),
    "4h": ("0", "*/4"),
    "1d": ("0", "0"),
}


def ensure_schedule() -> list[PeriodicTask]:
    """One entry per timeframe, aligned on the candle close, and one for tracking. What exists already is left alone."""
    tasks = [_entry_for(timeframe) for timeframe in settings.TIMEFRAMES]
    interval = _every(settings.TRACKING_INTERVAL_SECONDS)
    tracking, _ = PeriodicTask.objects.get_or_create(
        name="Follow orders and exits",
        defaults={
            "task": "subscriptions.tasks.track",
            "interval": interval,
            "expire_seconds": settings.TRACKING_INTERVAL_SECONDS * 3,
            "description": "Asks the venues about working orders, keeps stops in place, watches take profits.",
        },
    )
    return [*tasks, tracking]


def _entry_for(timeframe: str) -> PeriodicTask:
    """The beat entry of a timeframe. With CANDLE_POLL_SECONDS set (a venue whose clock runs fast) it polls instead."""
    poll_seconds: int | None = getattr(settings, "CANDLE_POLL_SECONDS", None)
    timing: dict[str, Any]
    if poll_seconds:
        timing = {"interval": _every(poll_seconds)}
    else:
        minute, hour = CLOSES[timeframe]
        crontab, _ = CrontabSchedule.objects.get_or_create(
            minute=minute, hour=hour, day_of_week="*", day_of_month="*", month_of_year="*", timezone="UTC"
        )
        timing = {"crontab": crontab}
    task, _ = PeriodicTask.objects.get_or_create(
        name=f"Candles closed: {timeframe}",
        defaults={
            "task": "subscriptions.tasks.candles_closed",
            "args": json.dumps([timeframe]),
            "expire_seconds": 60,
            "description": f"Fetches the {timeframe} candles that closed and asks every bot that trades on them.",
            **timing,
        },
    )
    return task


def _every(seconds: int) -> IntervalSchedule:
    schedule, _ = IntervalSchedule.objects.get_or_create(every=seconds, period=IntervalSchedule.SECONDS)
    return schedule
