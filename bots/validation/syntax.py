"""Is every code file Python? Compiled inside the sandbox: a source can be made to crash a compiler."""

from __future__ import annotations

from bots.sandbox.loader import SYNTAX_ERROR
from bots.validation.types import CheckOutcome, CheckResult, Host, Submission

NAME = "syntax"


def check(submission: Submission, host: Host) -> CheckResult:
    loaded = submission.load(host)
    if loaded.description is None and loaded.error.startswith(SYNTAX_ERROR):
        evidence = loaded.error.removeprefix(SYNTAX_ERROR)
        return CheckResult(NAME, CheckOutcome.FAILED, evidence, "Correct the line; Python 3.11 must accept it.")
    return CheckResult(NAME, CheckOutcome.PASSED, "every code file compiles")
