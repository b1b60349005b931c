"""Does the code load, and is there one class that extends CustomBot?"""

from __future__ import annotations

from bots.validation.types import CheckOutcome, CheckResult, Host, Submission

NAME = "structure"


def check(submission: Submission, host: Host) -> CheckResult:
    loaded = submission.load(host)
    if loaded.description is None:
        fix = "The code must load without errors and define one class that extends CustomBot."
        return CheckResult(NAME, CheckOutcome.FAILED, f"{loaded.status}: {loaded.error}", fix)
    class_name, warmup = loaded.description["class_name"], loaded.description["warmup_candles"]
    return CheckResult(NAME, CheckOutcome.PASSED, f"class {class_name}, asks for {warmup} candles")
