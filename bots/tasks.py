"""Celery tasks of bots: the checks of a submission."""

from __future__ import annotations

from celery import shared_task

from bots import checks


@shared_task
def run_checks(report_id: int) -> None:
    """Fill a report. A report that is finished already stays as it is."""
    checks.run(report_id=report_id)
