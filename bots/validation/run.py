"""Run the checks of a submission and put the report together.

A new check is a new file with a NAME and a `check(submission, host)`, and a line here.
"""

from __future__ import annotations

from collections.abc import Callable

from bots.sandbox.types import BotPackage
from bots.validation import config_schema, files, models, runs, structure, syntax
from bots.validation.types import CheckOutcome, CheckResult, FileLimits, Host, Report, Submission

# In order. Each with whether the checks after it make sense when it has failed.
CHECKS = (
    (files, False),
    (syntax, False),
    (structure, False),
    (config_schema, True),
    (models, False),
    (runs, True),
)
LAST_DECISIONS = 5

# How much is done, 0 to 1, and the results so far.
Progress = Callable[[float, list[CheckResult]], None]


def run_checks(
    package: BotPackage,
    host: Host,
    *,
    limits: FileLimits | None = None,
    progress: Progress = lambda _done, _results: None,
) -> Report:
    """All checks in order, up to one without which the rest means nothing. Raises SandboxUnavailable."""
    submission = Submission(package, limits or FileLimits())
    results: list[CheckResult] = []
    for number, (module, go_on_if_failed) in enumerate(CHECKS):
        submission.progress = _part_of(progress, number, results)
        submission.progress(0.0)
        result = module.check(submission, host)
        results.append(result)
        if result.outcome is CheckOutcome.FAILED and not go_on_if_failed:
            break
    progress(1.0, results)
    failed = any(result.outcome is CheckOutcome.FAILED for result in results)
    return Report(
        status=CheckOutcome.FAILED.value if failed else CheckOutcome.PASSED.value,
        checks=results,
        decisions=submission.decisions[-LAST_DECISIONS:],
        log=submission.log,
        description=submission.description,
    )


def _part_of(progress: Progress, number: int, results: list[CheckResult]) -> Callable[[float], None]:
    """The progress of one check as progress of the whole."""
    return lambda done: progress((number + done) / len(CHECKS), results)
