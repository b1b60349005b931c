"""Does every model and data file load?"""

from __future__ import annotations

from bots.validation.types import CheckOutcome, CheckResult, Host, Submission

NAME = "models"


def check(submission: Submission, host: Host) -> CheckResult:
    submission.load(host)
    files = submission.description["files"]
    broken = [f"{file['name']}: {file['error']}" for file in files if file["error"]]
    if broken:
        fix = "Check that each file is complete and that its framework is the one it was saved with."
        return CheckResult(NAME, CheckOutcome.FAILED, "\n".join(broken), fix)
    loaded = [f"{file['name']} as {file['key']} ({file['kind']})" for file in files]
    return CheckResult(NAME, CheckOutcome.PASSED, ", ".join(loaded) or "the bot has no model or data files")
