"""Run the checks of a submission and write its report. The checks themselves: `validation/`, one file each."""

from __future__ import annotations

import time
from dataclasses import asdict

import structlog
from django.conf import settings

from bots import publishing, runtime
from bots.errors import BotError
from bots.models import ValidationReport
from bots.sandbox.types import SandboxUnavailable
from bots.validation.run import run_checks
from bots.validation.types import CheckOutcome, CheckResult, FileLimits

log = structlog.get_logger(__name__)

PROGRESS_EVERY_SECONDS = 0.5


def run(*, report_id: int) -> ValidationReport:
    """Fill a running report: with what the bot does wrong, or with the sandbox's own failure."""
    report = ValidationReport.objects.select_related("version__bot").get(pk=report_id)
    if report.status != ValidationReport.Status.RUNNING:
        return report
    limits = FileLimits(
        code_max_bytes=settings.BOT_CODE_MAX_BYTES,
        file_max_bytes=settings.BOT_FILE_MAX_BYTES,
        files_max_count=settings.BOT_FILES_MAX_COUNT,
    )
    try:
        found = run_checks(runtime.package(report.version), runtime.pool(), limits=limits, progress=_Progress(report))
    except (SandboxUnavailable, BotError) as error:
        log.exception("checks_not_run", report=report.pk)
        _not_run(report, str(error))
        return report
    publishing.finish_checks(
        report=report,
        passed=found.status == CheckOutcome.PASSED,
        checks=[asdict(result) for result in found.checks],
        decisions=[{**asdict(decision), "price": f"{decision.price}"} for decision in found.decisions],
        log=found.log,
        description=found.description,
    )
    return report


class _Progress:
    """Writes how far the checks are, not more often than a person looks."""

    def __init__(self, report: ValidationReport) -> None:
        self.report = report
        self.written_at = 0.0

    def __call__(self, done: float, results: list[CheckResult]) -> None:
        now = time.monotonic()
        if now - self.written_at < PROGRESS_EVERY_SECONDS:
            return
        self.written_at = now
        ValidationReport.objects.filter(pk=self.report.pk, status=ValidationReport.Status.RUNNING).update(
            progress_pct=min(99, int(done * 100)), checks=[asdict(result) for result in results]
        )


def _not_run(report: ValidationReport, reason: str) -> None:
    publishing.finish_checks(
        report=report,
        passed=False,
        checks=[
            asdict(
                CheckResult(
                    "sandbox", CheckOutcome.FAILED, f"The checks could not be run: {reason}", "Try again later."
                )
            )
        ],
        decisions=[],
        log="",
        description={},
    )
