"""Is there exactly one file to start from, and is every file there and of an allowed size?"""

from __future__ import annotations

from bots.sandbox.loader import entry_point
from bots.sandbox.types import PackageFile
from bots.validation.types import CheckOutcome, CheckResult, Host, Submission

NAME = "files"


def check(submission: Submission, host: Host) -> CheckResult:  # noqa: ARG001
    manifest = submission.package.manifest
    problems = [problem for file in manifest if (problem := _problem(file, submission))]
    if len(manifest) > submission.limits.files_max_count:
        problems.append(f"{len(manifest)} files, at most {submission.limits.files_max_count} are allowed")
    if problems:
        fix = "Upload every file again, within the limits named here."
        return CheckResult(NAME, CheckOutcome.FAILED, "\n".join(problems), fix)
    try:
        entry = entry_point([file.name for file in manifest if file.file_type == "CODE"])
    except ValueError as error:
        fix = "Call the file that holds your bot's class bot.py."
        return CheckResult(NAME, CheckOutcome.FAILED, str(error), fix)
    count = f"{len(manifest)} files" if len(manifest) > 1 else "1 file"
    return CheckResult(NAME, CheckOutcome.PASSED, f"{count}, starting from {entry}")


def _problem(file: PackageFile, submission: Submission) -> str:
    path = submission.package.folder / file.name
    is_code = file.file_type == "CODE"
    if is_code and not (file.name.endswith(".py") and file.name.removesuffix(".py").isidentifier()):
        return f"{file.name} is no name for a Python module"
    try:
        size = path.stat().st_size
    except OSError:
        return f"{file.name} is missing"
    allowed = submission.limits.code_max_bytes if is_code else submission.limits.file_max_bytes
    if size == 0:
        return f"{file.name} is empty"
    if size > allowed:
        return f"{file.name} has {size} bytes, at most {allowed} are allowed"
    return ""
